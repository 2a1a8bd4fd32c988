"""Computes the rows that RandomKernelTest.cpp pins, from the definitions alone: python3 pinned_rows.py

Independent of the C++ code: the 64-bit Mersenne twister and std::seed_seq written from the C++ standard
([rand.eng.mers], [rand.util.seedseq]), the rest from the comments of RandomKernel.h.
"""
import math

M32, M64 = (1 << 32) - 1, (1 << 64) - 1


def seed_words(seeds, n):
    b, s = [0x8B8B8B8B] * n, len(seeds)
    t = 11 if n >= 623 else 7 if n >= 68 else 5 if n >= 39 else 3 if n >= 7 else (n - 1) // 2
    p, m = (n - t) // 2, max(s + 1, n)
    q = p + t
    mix = lambda x: x ^ (x >> 27)
    for k in range(m):
        r1 = 1664525 * mix(b[k % n] ^ b[(k + p) % n] ^ b[(k - 1) % n]) & M32
        r2 = r1 + (s if k == 0 else k % n + seeds[k - 1] if k <= s else k % n) & M32
        b[(k + p) % n] = b[(k + p) % n] + r1 & M32
        b[(k + q) % n] = b[(k + q) % n] + r2 & M32
        b[k % n] = r2
    for k in range(m, m + n):
        r3 = 1566083941 * mix(b[k % n] + b[(k + p) % n] + b[(k - 1) % n] & M32) & M32
        r4 = r3 - k % n & M32
        b[(k + p) % n] ^= r3
        b[(k + q) % n] ^= r4
        b[k % n] = r4
    return b


def twister(seeds):
    words = seed_words(seeds, 624)
    x = [words[2 * i] | words[2 * i + 1] << 32 for i in range(312)]
    while True:
        for i in range(312):
            y = (x[i] & 0xFFFFFFFF80000000) | (x[(i + 1) % 312] & 0x7FFFFFFF)
            x[i] = x[(i + 156) % 312] ^ (y >> 1) ^ (0xB5026F5AA96619E9 if y & 1 else 0)
        for z in x:
            z ^= (z >> 29) & 0x5555555555555555
            z ^= (z << 17) & 0x71D67FFFEDA60000 & M64
            z ^= (z << 37) & 0xFFF7EEE000000000 & M64
            yield z ^ (z >> 43)


class Sampler:
    def __init__(self, seed, level):
        self.bits, self.spare = twister([seed & M32, seed >> 32, level]), None

    def uniform(self):
        return ((next(self.bits) >> 11) + 0.5) * 2.0**-53

    def normal(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            x, y = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            if 0 < x * x + y * y < 1:
                scale = math.sqrt(-2 * math.log(x * x + y * y) / (x * x + y * y))
                self.spare = y * scale
                return x * scale

    def gamma(self, shape):
        d = shape - 1 / 3
        while True:
            x = self.normal()
            v = (1 + x / (3 * math.sqrt(d))) ** 3
            if v > 0 and math.log(self.uniform()) < x * x / 2 + d * (1 - v + math.log(v)):
                return d * v

    def variate(self, shape):
        if shape >= 1:
            return self.gamma(shape)
        tail = self.uniform() ** (1 / shape)
        return self.gamma(shape + 1) * tail

    def row(self, concentration, size):
        draws = [self.variate(concentration) for _ in range(size)]
        return [draw / sum(draws) for draw in draws]


for concentration, seed, level in ((0.5, 7, 1), (2.0, 7, 2), (1.0, (1 << 40) + 3, 1)):
    sampler = Sampler(seed, level)
    print(concentration, seed, level, [sampler.row(concentration, 3) for _ in range(2)])
