// Terminals by name, closed, and looked back at.

#include <unordered_map>

#include "control/looking_back.hpp"
#include "control/service_impl.hpp"

namespace berth::control {
namespace {

using boost::asio::awaitable;

constexpr std::chrono::hours longest_grace{1};
constexpr std::uint32_t most_matches = 1000, most_lines = 1'000'000;

std::unexpected<Error> no_command() {
  return fail(Code::NotFound, "There is no such command in this terminal.", "\"berth history\" lists them.");
}

// One of so many at a time.
class Turn {
 public:
  static std::optional<Turn> take(std::atomic<std::uint32_t>& count, std::uint32_t most) {
    if (count.fetch_add(1) < most) return Turn(count);
    count.fetch_sub(1);
    return std::nullopt;
  }
  Turn(Turn&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (count_ != nullptr) count_->fetch_sub(1);
  }

 private:
  explicit Turn(std::atomic<std::uint32_t>& count) : count_(&count) {}
  std::atomic<std::uint32_t>* count_;
};

awaitable<Result<>> settle(FoundTerminal found) {
  (void)co_await found.terminal->committed();  // a row that could not be written yet is not there yet
  co_return Result<>{};
}

awaitable<Result<TerminalInfo>> named(FoundTerminal found, std::string name) {
  found.terminal->set_name(std::move(name));
  co_return info_of(*found.terminal);
}

}  // namespace

ServiceImpl::Answer ServiceImpl::handle(Caller caller, RenameTerminal action) {
  if (!action.name.empty()) CO_TRY(check_terminal_name(action.name));
  CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(caller.owner, action.terminal));
  CO_TRY(co_await aio::on(found.executor(), settle(found)));
  CO_TRY(co_await domain_.parts.store->write([id = found.terminal->row().id, name = action.name,
                                              also = audit_.of(caller, "terminal.renamed")](store::Unit& unit) -> Result<> {
    TRY(unit.rename_terminal(id, name));
    return store::write_also(also, unit, id.str());
  }));
  co_return co_await answer(found.executor(), named(found, std::move(action.name)));
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, CloseTerminal action) {
  const auto grace = action.grace.value_or(domain_.parts.settings.terminal_close_grace);
  CO_TRY(check_time(grace, std::chrono::milliseconds{0}, longest_grace, "grace_ms"));
  CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(caller.owner, action.terminal));
  co_return co_await answer(found.executor(), close_terminal(found, grace, audit_.of(caller, "terminal.closed")));
}

awaitable<Result<store::CommandRow>> ServiceImpl::command_row(FoundTerminal found, std::optional<std::uint64_t> number) {
  CO_TRY(co_await aio::on(found.executor(), settle(found)));
  const store::CommandFilter whose{.owner = found.terminal->row().owner, .sandbox = {}, .terminal = found.terminal->row().id};
  auto row = co_await domain_.parts.store->read([whose, number](store::Reader& reader) -> Result<store::CommandRow> {
    if (number) return reader.command(*whose.terminal, *number);
    TRY_ASSIGN(const auto last, reader.commands(whose, {.after = {}, .limit = 1}));
    if (last.rows.empty()) return no_command();
    return last.rows.front();
  });
  if (!row && row.error().code == Code::NotFound) co_return no_command();
  co_return row;
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetCommand action) {
  CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(caller.owner, action.terminal));
  CO_TRY_ASSIGN(auto row, co_await command_row(found, action.number));
  co_return Outcome{std::move(row)};
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, GetCommandOutput action) {
  if (action.head && action.tail) co_return fail(Code::InvalidArgument, "The first lines and the last lines exclude each other.");
  if (action.head.value_or(0) > most_lines || action.tail.value_or(0) > most_lines)
    co_return fail(Code::InvalidArgument, "More than a million lines were asked for.");
  CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(caller.owner, action.terminal));
  CO_TRY_ASSIGN(const auto row, co_await command_row(found, action.number));
  CO_TRY_ASSIGN(const auto info, co_await aio::on(found.executor(), get_terminal(found)));
  const OutputWanted wanted{.terminal = row.terminal, .size = info.row.size, .from = row.output_begin,
                            .end = row.done ? row.output_end : info.end, .form = action.form, .head = action.head, .tail = action.tail};
  auto output = co_await pool_.run([this, wanted] { return command_output(domain_, wanted); });
  if (!output) co_return std::unexpected(std::move(output).error());
  output->number = row.number;
  output->running = !row.done;
  co_return Outcome{*std::move(output)};
}

// ---- grep ----

awaitable<Result<std::vector<TerminalId>>> ServiceImpl::searched_terminals(std::string owner, const Grep& action) {
  if (action.terminal) {
    CO_TRY_ASSIGN(const auto found, co_await finder_.terminal(owner, *action.terminal));
    co_return std::vector{found.terminal->row().id};
  }
  auto sandbox = SandboxId::parse(action.sandbox);
  if (!sandbox) {
    CO_TRY_ASSIGN(const auto row, co_await finder_.row(owner, action.sandbox));
    sandbox = row.id;
  }
  CO_TRY_ASSIGN(const auto rows, co_await domain_.parts.store->read([id = *sandbox](store::Reader& reader) { return reader.terminals(id); }));
  std::vector<TerminalId> out;
  for (const auto& row : rows)
    if (row.owner == owner) out.push_back(row.id);
  if (out.empty()) CO_TRY(co_await finder_.row(owner, action.sandbox));  // history outlives its sandbox; else it must be there
  co_return out;
}

ServiceImpl::Answer ServiceImpl::handle(Caller caller, Grep action) {
  CO_TRY(check_grep(action, most_matches));
  CO_TRY_ASSIGN(const auto terminals, co_await searched_terminals(caller.owner, action));
  const auto turn = Turn::take(greps_, domain_.parts.settings.journal_greps);
  if (!turn)
    co_return fail(Code::RateLimited, "Other searches run at this moment.", "Try again in a while; journal.greps is how many may.");
  auto page = co_await pool_.run([this, action, terminals] { return grep_page(domain_, action, terminals); });
  if (!page) co_return std::unexpected(std::move(page).error());
  CO_TRY(co_await name_commands(&*page));
  co_return Outcome{*std::move(page)};
}

// Lines of a terminal come in order: most of them are of the command before.
awaitable<Result<>> ServiceImpl::name_commands(GrepPage* page) {
  CO_TRY_ASSIGN(page->lines, co_await domain_.parts.store->read(
      [lines = page->lines](store::Reader& reader) -> Result<std::vector<GrepLine>> {
        std::vector<GrepLine> out = lines;
        std::optional<store::CommandRow> last;
        for (auto& line : out) {
          const bool same = last && last->terminal == line.terminal && line.offset >= last->output_begin && line.offset < last->output_end;
          if (!same) {
            auto row = reader.command_at(line.terminal, line.offset);
            if (!row && row.error().code != Code::NotFound) return std::unexpected(std::move(row).error());
            if (row) last = *std::move(row);
            else last.reset();
          }
          if (last && (!last->done || line.offset < last->output_end)) line.command = last->number;
        }
        return out;
      }));
  co_return Result<>{};
}

}  // namespace berth::control
