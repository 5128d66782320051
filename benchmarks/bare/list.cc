// Walks all pages of a filtered ListPayments, then asks again and again for pages near the list's beginning and near
// its end, in turns, and tells what each kind costs the server.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/bare/shared/bench.h"
#include "common/clock.h"
#include "payment.grpc.pb.h"

namespace {

constexpr size_t kPagesOfAKind = 100;

struct Options {
  std::string server;
  pid_t server_pid = 0;
  int limit = 100;
  int rounds = 5;
};

class Lister {
 public:
  explicit Lister(const Options& options) : options_(options) {
    stub_ = ::payment::PaymentService::NewStub(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()));
    if (clock_getcpuclockid(options.server_pid, &server_clock_) != 0) throw std::runtime_error("no such server");
  }

  void Run() {
    std::vector<std::string> cursors = {""};
    int64_t payments = 0;
    for (;;) {
      const ::payment::PaymentList page = Page(cursors.back());
      payments += page.payments_size();
      total_ = page.total_count();
      if (page.next_cursor().empty()) break;
      cursors.push_back(page.next_cursor());
    }
    if (payments != total_) throw std::runtime_error(fmt::format("{} of {} payments listed", payments, total_));
    cursors.pop_back();  // the last page may be short
    const size_t count = std::min(kPagesOfAKind, cursors.size() / 2);
    const std::vector<std::string> first(cursors.begin(), cursors.begin() + static_cast<std::ptrdiff_t>(count));
    const std::vector<std::string> deep(cursors.end() - static_cast<std::ptrdiff_t>(count), cursors.end());
    for (int round = 0; round < options_.rounds; ++round) {
      const bool first_first = round % 2 == 0;
      const double a = CpuUs(first_first ? first : deep);
      const double b = CpuUs(first_first ? deep : first);
      bench::Say(fmt::format(R"({{"pages": {}, "matching": {}, "first_us": {:.3f}, "deep_us": {:.3f}}})",
                             cursors.size(), total_, first_first ? a : b, first_first ? b : a));
    }
  }

 private:
  ::payment::PaymentList Page(const std::string& cursor) {
    ::payment::ListPaymentsRequest request;
    request.set_provider(::payment::PROVIDER_STRIPE);
    request.set_status(::payment::STATUS_COMPLETED);
    request.set_limit(options_.limit);
    request.set_cursor(cursor);
    ::payment::PaymentList page;
    grpc::ClientContext context;
    const grpc::Status status = stub_->ListPayments(&context, request, &page);
    if (!status.ok()) throw std::runtime_error("ListPayments: " + status.error_message());
    return page;
  }

  // The server's CPU time for a page.
  double CpuUs(const std::vector<std::string>& cursors) {
    const int64_t begin_ns = pipeline::ReadClockNs(server_clock_);
    int64_t pages = 0;
    for (int again = 0; again < 3; ++again) {
      for (const std::string& cursor : cursors) {
        Page(cursor);
        ++pages;
      }
    }
    return static_cast<double>(pipeline::ReadClockNs(server_clock_) - begin_ns) / 1e3 /
           static_cast<double>(std::max<int64_t>(1, pages));
  }

  const Options& options_;
  std::unique_ptr<::payment::PaymentService::Stub> stub_;
  clockid_t server_clock_{};
  int64_t total_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Lists completed Stripe payments.",
      [&](CLI::App* app) {
        app->add_option("--server", options.server, "HOST:PORT")->required();
        app->add_option("--server-pid", options.server_pid, "Its process")->required();
        app->add_option("--limit", options.limit, "Payments in a page")->check(CLI::Range(1, 100));
        app->add_option("--rounds", options.rounds, "Pairs of measurements");
      },
      [&] { Lister(options).Run(); });
}
