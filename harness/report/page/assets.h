// What the build puts into the program so that a page needs nothing from anywhere: the page's own style and script, and
// dygraphs as the distribution packages it. Pure.
#pragma once

#include <string_view>

namespace harness {

std::string_view PageStyle();
std::string_view PageScript();
std::string_view DygraphsStyle();
std::string_view DygraphsScript();  // MIT licence; its first line says whose

}  // namespace harness
