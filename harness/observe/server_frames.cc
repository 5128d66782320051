// The journal's frames of what servers' journals say: their bytes, both ways.
#include <utility>
#include <vector>

#include "harness/observe/bytes.h"
#include "harness/observe/journal_frames.h"
#include "harness/observe/journal_replay.h"
#include "harness/observe/journal_token.h"

namespace harness {
namespace {

constexpr size_t kRecordBytes = 21;
constexpr auto kReasonLast = pipeline::RejectReason::kWrongKey;

struct Put {
  ByteWriter* out;
  void operator()(const ServerStarted& seen) const { out->Put(seen.time_ns).Put(seen.pid).PutText(seen.server_id); }
  void operator()(const ServerBegan& seen) const {
    const ServerStream& stream = seen.stream;
    out->Put(stream.number).Put(stream.began_ns).Put(stream.resumed).PutText(stream.peer);
    PutToken(stream.token, out);
    PutToken(stream.sent, out);
  }
  void operator()(const ServerRecords& seen) const {
    out->Put(seen.number).Put(static_cast<uint32_t>(seen.records.size()));
    for (const ServerRecord& record : seen.records) {
      out->Put(record.time_ns).Put(record.offset).Put(record.partition).Put(record.reason);
    }
  }
  void operator()(const ServerEnded& seen) const {
    out->Put(seen.time_ns).Put(seen.number).Put(static_cast<int32_t>(seen.code)).PutText(seen.reason);
  }
  void operator()(const ServerCut& seen) const { out->Put(seen.lost); }
  void operator()(const ServerStopped& seen) const { out->Put(seen.time_ns); }
  void operator()(const ServerBroken& seen) const { out->Put(seen.lines); }
};

ServerBegan GetBegan(ByteReader* in) {
  ServerBegan seen;
  seen.stream.number = in->Get<uint64_t>();
  seen.stream.began_ns = in->Get<int64_t>();
  seen.stream.resumed = in->Get<bool>();
  seen.stream.peer = in->GetText();
  GetToken(in, &seen.stream.token);
  GetToken(in, &seen.stream.sent);
  return seen;
}

ServerRecords GetRecords(ByteReader* in) {
  ServerRecords seen;
  seen.number = in->Get<uint64_t>();
  seen.records.resize(in->GetCount(kRecordBytes));
  for (ServerRecord& record : seen.records) {
    record.time_ns = in->Get<int64_t>();
    record.offset = in->Get<int64_t>();
    record.partition = in->Get<int32_t>();
    record.reason = in->GetEnum(kReasonLast);
  }
  return seen;
}

ServerSeen Get(FrameType type, ByteReader* in) {
  switch (type) {
    case FrameType::kServerStarted: {
      ServerStarted seen;
      seen.time_ns = in->Get<int64_t>();
      seen.pid = in->Get<int64_t>();
      seen.server_id = in->GetText();
      return seen;
    }
    case FrameType::kServerBegan:
      return GetBegan(in);
    case FrameType::kServerRecords:
      return GetRecords(in);
    case FrameType::kServerEnded: {
      ServerEnded seen;
      seen.time_ns = in->Get<int64_t>();
      seen.number = in->Get<uint64_t>();
      seen.code = in->Get<int32_t>();
      seen.reason = in->GetText();
      return seen;
    }
    case FrameType::kServerCut:
      return ServerCut{in->Get<int64_t>()};
    case FrameType::kServerStopped:
      return ServerStopped{in->Get<int64_t>()};
    default:
      return ServerBroken{in->Get<int64_t>()};
  }
}

}  // namespace

FrameType FrameTypeOf(const ServerSeen& seen) {
  return static_cast<FrameType>(static_cast<size_t>(FrameType::kServerStarted) + seen.index());
}

void EncodeServer(size_t index, std::string_view name, std::string* out) {
  ByteWriter(out).Put(static_cast<uint16_t>(index)).PutText(name);
}

void EncodeServerSeen(size_t index, const ServerSeen& seen, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(index));
  std::visit(Put{&writer}, seen);
}

bool ReplayServerFrame(FrameType type, std::string_view payload, HistoryBuilder* builder) {
  ByteReader in(payload);
  const auto index = in.Get<uint16_t>();
  if (type == FrameType::kServer) {
    const std::string name(in.GetText());
    return in.at_end() && builder->SetServer(index, name);
  }
  const ServerSeen seen = Get(type, &in);
  return in.at_end() && builder->OnServer(index, seen);
}

}  // namespace harness
