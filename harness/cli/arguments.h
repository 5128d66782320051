// What is done to the harness's arguments before they are parsed. Called by main.cc.
#pragma once

#include <string>
#include <vector>

namespace harness {

// `--set A B C` as `--set A --set B --set C`: what follows a value of --set is another one for as long as it is written
// as POINTER=VALUE and is no file of that name, so that scenarios may stand behind. The rest stays as it is.
std::vector<std::string> SpreadSettings(const std::vector<std::string>& args);

}  // namespace harness
