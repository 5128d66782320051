// What is thrown for wrong settings, by every function that reads some. Thrown and caught on main()'s thread.
#pragma once

#include <stdexcept>

namespace pipeline {

// Wrong settings: one line that says what was found, where, and what is allowed. Programs exit 2 with it.
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pipeline
