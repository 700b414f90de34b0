#pragma once
// The forms of a recording, one writer each: pieces of a journal in, text out. Private to terminals.

#include <memory>
#include <optional>
#include <string>

#include "journal/cursor.hpp"
#include "terminals/recording.hpp"
#include "vt/screen.hpp"

namespace berth::terminals {

class RecordingWriter {
 public:
  // `before`: what the screen was at `from`; absent when it was empty, or there is none.
  static std::unique_ptr<RecordingWriter> make(const RecordingSource& source, ByteOffset from, std::optional<vt::Screen> before);
  virtual ~RecordingWriter() = default;

  virtual void piece(const journal::Piece& piece, std::string& out) = 0;
  virtual void lost(const std::string& sentence, std::string& out) = 0;  // something is missing here
  // After the last piece, until it is false; each time a bounded amount.
  virtual bool end(std::string& out) = 0;
};

}  // namespace berth::terminals
