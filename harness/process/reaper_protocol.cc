#include "harness/process/reaper_protocol.h"

#include <sys/socket.h>

#include <cstring>

namespace harness {
namespace {

class Writer {
 public:
  template <typename T>
  void Put(T number) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    packet_.append(bytes, sizeof(T));
  }
  void Put(const std::string& text) {
    Put(static_cast<uint32_t>(text.size()));
    packet_ += text;
  }
  std::string Take() { return std::move(packet_); }

 private:
  std::string packet_;
};

class Reader {
 public:
  explicit Reader(std::string_view packet) : rest_(packet) {}

  template <typename T>
  T Number() {
    T number{};
    if (rest_.size() < sizeof(T)) {
      whole_ = false;
      rest_ = {};
      return number;
    }
    std::memcpy(&number, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return number;
  }
  std::string Text() {
    const auto size = Number<uint32_t>();
    if (rest_.size() < size) {
      whole_ = false;
      rest_ = {};
      return {};
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  bool whole() const { return whole_; }
  bool finished() const { return whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

}  // namespace

std::string EncodeRequest(const ReaperRequest& request) {
  Writer writer;
  writer.Put(static_cast<uint8_t>(request.kind));
  writer.Put(request.id);
  writer.Put(request.pid);
  writer.Put(request.signal);
  const ProcessSpec& spec = request.spec;
  writer.Put(spec.name);
  writer.Put(spec.cwd);
  writer.Put(spec.log_path);
  writer.Put(static_cast<uint8_t>((spec.stdin_fd >= 0 ? 1 : 0) | (spec.stdout_fd >= 0 ? 2 : 0)));
  writer.Put(static_cast<uint32_t>(spec.argv.size()));
  for (const std::string& argument : spec.argv) writer.Put(argument);
  writer.Put(static_cast<uint32_t>(spec.env.size()));
  for (const auto& [name, value] : spec.env) {
    writer.Put(name);
    writer.Put(value);
  }
  return writer.Take();
}

std::optional<ReaperRequest> DecodeRequest(std::string_view packet) {
  Reader reader(packet);
  ReaperRequest request;
  const auto kind = reader.Number<uint8_t>();
  if (kind < static_cast<uint8_t>(RequestKind::kStart) || kind > static_cast<uint8_t>(RequestKind::kMembers)) {
    return std::nullopt;
  }
  request.kind = static_cast<RequestKind>(kind);
  request.id = reader.Number<uint64_t>();
  request.pid = reader.Number<int64_t>();
  request.signal = reader.Number<int32_t>();
  ProcessSpec& spec = request.spec;
  spec.name = reader.Text();
  spec.cwd = reader.Text();
  spec.log_path = reader.Text();
  const auto streams = reader.Number<uint8_t>();
  if (streams > 3) return std::nullopt;
  spec.stdin_fd = (streams & 1) != 0 ? 0 : -1;
  spec.stdout_fd = (streams & 2) != 0 ? 0 : -1;
  const auto arguments = reader.Number<uint32_t>();
  for (uint32_t i = 0; i < arguments && reader.whole(); ++i) spec.argv.push_back(reader.Text());
  const auto variables = reader.Number<uint32_t>();
  for (uint32_t i = 0; i < variables && reader.whole(); ++i) {
    std::string name = reader.Text();
    spec.env[std::move(name)] = reader.Text();
  }
  if (!reader.finished()) return std::nullopt;
  return request;
}

bool IsReaperSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace harness
