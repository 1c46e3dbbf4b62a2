// The part of boost::any that the exercises use, which is in the standard library by now.
#pragma once
#include <any>

namespace boost {
using std::any;
using std::any_cast;
}
