/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fpnge_peer IN.ppm OUT.png: writes the PNG with fpnge's default level and tells its best time of ten, of the processor's.
   It is built from a checkout of fpnge that FPNGE names, for AVX2; nothing of that is here. */
#include "fpnge.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#define TIMES 10

static double now_ms()
{
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

int main(int argc, char **argv)
{
    unsigned width, height;
    FILE *in = argc == 3 ? std::fopen(argv[1], "rb") : nullptr;
    if (!in || std::fscanf(in, "P6 %u %u 255", &width, &height) != 2 || std::getc(in) == EOF)
        return 2;
    std::vector<unsigned char> pixels(size_t(width) * height * 3), out(FPNGEOutputAllocSize(1, 3, width, height));
    if (std::fread(pixels.data(), 1, pixels.size(), in) != pixels.size())
        return 2;
    FPNGEOptions options;
    FPNGEFillOptions(&options, FPNGE_COMPRESS_LEVEL_DEFAULT, FPNGE_CICP_NONE);
    double best = 1e9;
    size_t len = 0;
    for (int i = 0; i < TIMES; i++) {
        double start = now_ms();
        len = FPNGEEncode(1, 3, pixels.data(), width, size_t(width) * 3, height, out.data(), &options);
        double took = now_ms() - start;
        best = took < best ? took : best;
    }
    FILE *file = std::fopen(argv[2], "wb");
    if (!file || std::fwrite(out.data(), 1, len, file) != len || std::fclose(file) != 0)
        return 1;
    std::printf("%.3f ms\n", best);
}
