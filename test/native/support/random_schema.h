// Random small JSON schemas that combine many keywords, also contradictory ones.
#pragma once

#include <random>
#include <string>

namespace codellama {

// `depth` limits the nesting of subschemas; 0 = a schema without subschemas.
std::string RandomSchema(std::mt19937* random, int depth);

}  // namespace codellama
