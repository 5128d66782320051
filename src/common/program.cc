#include "common/program.h"

namespace pipeline {

std::string VersionText(const std::string& program, const std::string& libraries) {
  const std::string text = program + " " + PIPELINE_VERSION;
  return libraries.empty() ? text : text + " (" + libraries + ")";
}

}  // namespace pipeline
