#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds every fuzz target for OSS-Fuzz, from the directory of the source: programs, seeds and dictionaries into
# $OUT, with the shared libraries they need, since the machine that runs them has none of them.  CC, CFLAGS and
# LIB_FUZZING_ENGINE say how to build, as OSS-Fuzz has it.
cmake -S . -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DWILDSET_FUZZ=ON \
    -DWILDSET_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" \
    -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags -DCMAKE_INSTALL_RPATH='$ORIGIN/lib' \
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON
cmake --build "$WORK/build" --target fuzz

mkdir -p "$OUT/lib"
for program in "$WORK"/build/tests/fuzz_*; do
    target=${program##*/fuzz_}
    cp "$program" "$OUT/"
    ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
        grep -vE '/(libc|libm|libpthread|libdl|librt|libresolv)\.so' | xargs -r cp -Lu -t "$OUT/lib"
    zip -jqr "$OUT/fuzz_${target}_seed_corpus.zip" "tests/fuzz/corpus/$target"
    dictionary=tests/fuzz/dictionaries/$target.dict
    [ ! -e "$dictionary" ] || cp "$dictionary" "$OUT/fuzz_$target.dict"
done
