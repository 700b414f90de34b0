#include "control/find_place.hpp"

#include "journal/cursor.hpp"
#include "journal/position.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

Result<ByteOffset> in_journal(const Domain& domain, const TerminalId& terminal, const Place& place) {
  const auto dir = domain.parts.home / "terminals" / terminal.str();
  journal::Key key;
  if (domain.parts.machine_keys != nullptr) {
    TRY_ASSIGN(key, journal::load_key(dir, *domain.parts.machine_keys));
  }
  if (const auto* time = std::get_if<WallTime>(&place)) return journal::offset_at(dir, key, *time);
  TRY_ASSIGN(const auto kept, journal::range(dir, key));
  if (std::holds_alternative<Now>(place)) return kept.end;
  TRY_ASSIGN(auto cursor, journal::Cursor::open(dir, kept.begin, key));
  TRY_ASSIGN(const auto piece, cursor.next(1));
  const WallTime began = piece ? piece->time : WallTime{};
  return journal::offset_at(dir, key, began + std::get<std::chrono::milliseconds>(place));
}

}  // namespace

awaitable<Result<std::optional<FoundPlace>>> find_place(const Domain* domain, store::TerminalRow row, std::string text,
                                                        std::string parameter, Edge edge) {
  CO_TRY_ASSIGN(const auto place, parse_place(text, parameter));
  if (!place) co_return std::nullopt;
  if (const auto* offset = std::get_if<ByteOffset>(&*place)) co_return FoundPlace{*offset, {}};
  if (const auto* number = std::get_if<CommandNumber>(&*place)) {
    CO_TRY_ASSIGN(auto command, co_await domain->parts.store->read([id = row.id, wanted = number->value](store::Reader& reader) {
      return reader.command(id, wanted);
    }));
    if (edge == Edge::Begin) co_return FoundPlace{command.output_begin, std::move(command.text)};
    if (!command.done) co_return std::nullopt;
    co_return FoundPlace{command.output_end, std::move(command.text)};
  }
  CO_TRY_ASSIGN(const ByteOffset offset, co_await domain->pool->run([domain, id = row.id, place = *place] {
    return in_journal(*domain, id, place);
  }));
  co_return FoundPlace{offset, {}};
}

}  // namespace berth::control
