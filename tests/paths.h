// Where tests find the sources and the programs. The build includes this into every test; the paths themselves are in a
// generated file of their own, so that no compiler's command line holds one and ccache knows an object again in another
// clone. For tests only, from any thread.
#pragma once

namespace pipeline_tests {

extern const char* const kSourceDir;
extern const char* const kBinDir;

}  // namespace pipeline_tests

#define PIPELINE_SOURCE_DIR ::pipeline_tests::kSourceDir
#define PIPELINE_BIN_DIR ::pipeline_tests::kBinDir
