# clang-format; --check changes nothing and fails when something would change.

. tools/dev.d/deps.sh

dev_fmt() {
  local mode=(-i)
  case ${1:-} in
    "") ;;
    --check) mode=(--dry-run --Werror) ;;
    *) bad_option "fmt: unknown option '$1'" ;;
  esac
  dev_deps
  sources | xargs -r clang-format-19 "${mode[@]}"
}
