# clang-tidy over the dev build.

. tools/dev.d/deps.sh

dev_tidy() {
  dev_deps
  configure dev
  local files=("$@")
  if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(find src apps bench -name '*.cpp' | LC_ALL=C sort)
  fi
  cmake --build --preset dev --target help | sed -n 's/^\(proto_[a-z_]*\): .*/\1/p' |
    xargs -r cmake --build --preset dev --target
  printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/dev
}
