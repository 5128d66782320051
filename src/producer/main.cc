// payment-producer: makes test payments and sends them to Kafka.
#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/output.h"
#include "common/program.h"
#include "common/settings.h"
#include "producer/producer_options.h"
#include "producer/producer_run.h"

namespace {

constexpr int kExitOutputLost = 1;

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  const bool utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  // A reader of the output that goes away must not cost the outcomes of what was sent.
  pipeline::PrepareStandardStreams();
  pipeline::ProducerOptions options;
  try {
    pipeline::LoadDotEnv();
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (const auto exit_code = pipeline::ParseProducerOptions(args, &options)) return *exit_code;
  } catch (const pipeline::SettingsError& error) {
    std::cerr << "payment-producer: " << error.what() << std::endl;
    return 2;
  }
  pipeline::StopSignal stop(pipeline::SecondSignal::kHurries);
  pipeline::StartLog("payment-producer");
  pipeline::OutputStream out(STDOUT_FILENO);
  const pipeline::StopCallback on_stop(&stop, [&out] { out.Interrupt(); });
  pipeline::OutputStream err(STDERR_FILENO);
  err.Interrupt();  // payments do not wait for who reads it
  const int exit_code = pipeline::RunPaymentProducer(options, utf8, &stop, out, err);
  return out.ExitCode("payment-producer", exit_code, kExitOutputLost);
}
