// payment-producer: makes test payments and sends them to Kafka.
#include <langinfo.h>

#include <clocale>
#include <csignal>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "common/program.h"
#include "common/settings.h"
#include "producer/producer_options.h"
#include "producer/producer_run.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  const bool utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  // A reader of the output that goes away must not cost the outcomes of what was sent.
  std::signal(SIGPIPE, SIG_IGN);
  pipeline::ProducerOptions options;
  try {
    pipeline::LoadDotEnv();
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (const auto exit_code = pipeline::ParseProducerOptions(args, &options)) return *exit_code;
  } catch (const pipeline::SettingsError& error) {
    std::cerr << "payment-producer: " << error.what() << std::endl;
    return 2;
  }
  pipeline::StopSignal stop;
  pipeline::StartLog("payment-producer");
  return pipeline::RunPaymentProducer(options, utf8, &stop, std::cout, std::cerr);
}
