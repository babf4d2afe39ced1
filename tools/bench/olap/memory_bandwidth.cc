// Prints the rate in GB/s at which some threads together read memory that no cache holds.
//
//   memory_bandwidth THREADS
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

constexpr size_t kWords = size_t{1} << 25;  // 256 MiB for each thread
constexpr int kPasses = 5;

uint64_t sum_of(const std::vector<uint64_t>& words) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i < words.size(); i += 8)
    for (size_t lane = 0; lane < 8; lane++) sums[lane] += words[i + lane];
  uint64_t all = 0;
  for (const uint64_t sum : sums) all += sum;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: %s THREADS\n", argv[0]);
    return 2;
  }
  std::vector<std::vector<uint64_t>> memory(threads, std::vector<uint64_t>(kWords, 1));
  std::vector<uint64_t> sums(threads);
  double best = 0;
  for (int pass = 0; pass < kPasses; pass++) {
    const auto start = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> readers;
      for (int t = 0; t < threads; t++)
        readers.emplace_back([&, t] { sums[t] = sum_of(memory[t]); });
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, threads * kWords * sizeof(uint64_t) / took.count() / 1e9);
  }
  for (const uint64_t sum : sums)
    if (sum != kWords) return 1;
  std::printf("%.2f\n", best);
  return 0;
}
