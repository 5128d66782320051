// payment-client: see command.cc for its options. Parses and wires.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/command.h"
#include "client/display.h"
#include "client/event_log.h"
#include "client/mask.h"
#include "client/session.h"
#include "client/subscription.h"
#include "client/unary.h"
#include "common/clock.h"
#include "common/output.h"
#include "common/program.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

TerminalStyle StyleOf(int fd) {
  TerminalStyle style;
  style.utf8 = SpeaksUtf8(Environment("LC_ALL"), Environment("LC_CTYPE"), Environment("LANG"));
  const std::string_view columns = Environment("COLUMNS");
  winsize size{};
  int number = 0;
  if (std::from_chars(columns.data(), columns.data() + columns.size(), number).ec == std::errc() && number > 0) {
    style.columns = number;
  } else if (isatty(fd) != 0 && ioctl(fd, TIOCGWINSZ, &size) == 0) {
    style.columns = size.ws_col;
  }
  return style;
}

// To standard error, whose reader is not waited for beyond Output::kGraceNs.
void Tell(const std::string& text) {
  Output output(STDERR_FILENO, true);
  output.Interrupt();
  output.Write(text);
}

void Complain(const std::string& text) { Tell(ClientDisplay(StyleOf(STDERR_FILENO)).Line("payment-client: " + text)); }

int ExitOf(const SubscriptionResult& result) {
  const std::string reason =
      fmt::format("{} (code {})", result.message.empty() ? StatusCodeName(result.code) : result.message, result.code);
  switch (result.kind) {
    case SubscriptionResult::Kind::kStopped:
      return kExitOk;
    case SubscriptionResult::Kind::kExhausted:
      Complain("gave up after the last attempt: " + reason);
      return kExitFailed;
    case SubscriptionResult::Kind::kFatal:
      Complain("not retried: " + reason);
      return kExitFailed;
    case SubscriptionResult::Kind::kGap:
      Complain("can't go on where it was (see --on-gap): " + reason);
      Tell(ClientDisplay(StyleOf(STDERR_FILENO)).GapLines(result.gaps));
      return kExitGap;
    case SubscriptionResult::Kind::kLogFailed:
      Complain(result.message);
      return kExitFailed;
  }
  return kExitFailed;
}

// What standard output's failure makes of the exit code.
int ExitOf(const Output& output, int exit_code) {
  if (output.error() == 0) return exit_code;
  if (!output.lost_something()) return kExitOk;
  Complain(std::string("can't write to standard output: ") + std::strerror(output.error()));
  return kExitFailed;
}

int Stream(const ClientCommand& command) {
  const int64_t begin_ns = MonotonicNs();
  StopSignal stop;
  // Notices go where they don't mix with JSON.
  const int notices_fd = command.json ? STDERR_FILENO : STDOUT_FILENO;
  const ClientDisplay display(StyleOf(notices_fd));
  Output events(STDOUT_FILENO, isatty(STDOUT_FILENO) != 0);
  Output json_notices(STDERR_FILENO, true);
  json_notices.Interrupt();  // payments do not wait for who reads notices
  Output* notices = command.json ? &json_notices : &events;
  Session session(display, command.json, command.mask_personal, &events, notices, [&stop] { stop.Request(); });
  session.SetStopping([&stop] { return stop.requested(); });
  std::unique_ptr<Subscription> subscription;
  try {
    subscription = std::make_unique<Subscription>(command.subscription, &session);
  } catch (const std::exception& error) {
    Complain(error.what());
    return kExitUsage;
  }
  notices->Write(display.Banner(command.subscription));
  notices->Flush();
  const StopCallback on_stop(&stop, [&] {
    subscription->Stop();
    events.Interrupt();
  });
  const SubscriptionResult result = subscription->Run();
  SessionNumbers numbers = session.numbers();
  numbers.duration_ns = MonotonicNs() - begin_ns;
  notices->Write(display.SessionBox(numbers));
  notices->Flush();
  events.Flush();
  return ExitOf(events, ExitOf(result));
}

int Fail(const UnaryStatus& status) {
  Complain(
      fmt::format("{} (code {})", status.message.empty() ? StatusCodeName(status.code) : status.message, status.code));
  return kExitFailed;
}

UnaryClient MakeUnaryClient(const ClientCommand& command) {
  const SubscriptionOptions& options = command.subscription;
  return UnaryClient({.servers = options.servers,
                      .timeout_ns = command.timeout_ns,
                      .channel = {.keepalive_time_ns = options.keepalive_time_ns,
                                  .keepalive_timeout_ns = options.keepalive_timeout_ns,
                                  .connect_timeout_ns = options.connect_timeout_ns,
                                  .service_config_json = {}}});
}

// As it may be shown.
Payment Shown(const ClientCommand& command, const ::payment::Payment& message) {
  Payment payment = FromProto(message);
  return command.mask_personal ? Masked(std::move(payment)) : payment;
}

int Get(const ClientCommand& command) {
  UnaryClient client = MakeUnaryClient(command);
  ::payment::Payment message;
  const UnaryStatus status = client.Get(command.payment_id, &message);
  if (status.code != 0) return Fail(status);
  Output output(STDOUT_FILENO, false);
  const ClientDisplay display(StyleOf(STDOUT_FILENO));
  const Payment payment = Shown(command, message);
  output.Write(command.json ? PaymentJsonLine(payment, message.processed_at())
                            : display.Details(payment, message.processed_at()));
  output.Flush();
  return ExitOf(output, kExitOk);
}

int List(const ClientCommand& command) {
  UnaryClient client = MakeUnaryClient(command);
  Output output(STDOUT_FILENO, false);
  const ClientDisplay display(StyleOf(STDOUT_FILENO));
  std::string cursor = command.cursor;
  int64_t shown = 0;
  for (;;) {
    ::payment::PaymentList page;
    const UnaryStatus status = client.List(command.subscription.filter, command.limit, cursor, &page);
    if (status.code != 0) return Fail(status);
    for (const ::payment::Payment& message : page.payments()) {
      const Payment payment = Shown(command, message);
      output.Write(command.json ? PaymentJsonLine(payment, message.processed_at()) : display.ListLine(payment));
    }
    shown += page.payments_size();
    const bool last = page.next_cursor().empty() || page.next_cursor() == cursor;
    cursor = page.next_cursor();
    if (command.all && !last && output.error() == 0) continue;
    output.Write(command.json ? ListEndJsonLine(page.total_count(), cursor)
                              : display.ListEnd(shown, page.total_count(), cursor));
    output.Flush();
    return ExitOf(output, kExitOk);
  }
}

int Main(std::vector<std::string> args) {
  const ClientParse parse = ParseClientCommand(std::move(args));
  if (parse.exit_code) return *parse.exit_code;
  switch (parse.command.action) {
    case ClientAction::kStream:
      return Stream(parse.command);
    case ClientAction::kGet:
      return Get(parse.command);
    case ClientAction::kList:
      return List(parse.command);
  }
  return kExitUsage;
}

}  // namespace
}  // namespace pipeline

int main(int argc, char** argv) {
  pipeline::PrepareStandardStreams();
  std::signal(SIGXFSZ, SIG_IGN);  // an event log at its size limit is an error of write() too
  try {
    return pipeline::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "payment-client: " << error.what() << std::endl;
    return pipeline::kExitFailed;
  }
}
