;; A template that does nothing. Texts are at fixed places, answers are records of the canonical ABI
;; below address 4096, and arguments are allocated above it.
(module
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 0) "{}")
  (data (i32.const 16) "No-op")
  (data (i32.const 32) "1.0.0")
  (data (i32.const 48) "bench_no_op")

  (func $text (param $at i32) (param $text i32) (param $length i32)
    (i32.store (local.get $at) (local.get $text))
    (i32.store offset=4 (local.get $at) (local.get $length)))

  ;; id, name, description, version, category, icon, estimated duration; the two enums are 0.
  (func (export "metadata") (result i32)
    (call $text (i32.const 1024) (i32.const 48) (i32.const 11))
    (call $text (i32.const 1032) (i32.const 16) (i32.const 5))
    (call $text (i32.const 1040) (i32.const 16) (i32.const 5))
    (call $text (i32.const 1048) (i32.const 32) (i32.const 5))
    (call $text (i32.const 1056) (i32.const 16) (i32.const 5))
    (call $text (i32.const 1064) (i32.const 16) (i32.const 5))
    (call $text (i32.const 1072) (i32.const 16) (i32.const 5))
    (i32.const 1024))
  (func (export "schema") (result i32)
    (call $text (i32.const 1152) (i32.const 0) (i32.const 2))
    (i32.const 1152))
  ;; `ok`: the discriminant is 0.
  (func (export "validate") (param i32 i32) (result i32)
    (i32.const 1168))
  ;; No capability: an empty list.
  (func (export "capabilities") (param i32 i32) (result i32)
    (call $text (i32.const 1200) (i32.const 0) (i32.const 0))
    (i32.const 1200))
  ;; `ok` with the result `{}` and a message.
  (func (export "execute")
    (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $text (i32.const 1224) (i32.const 0) (i32.const 2))
    (call $text (i32.const 1232) (i32.const 16) (i32.const 5))
    (i32.const 1216))
  (func (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free)
      (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
    (local.get $at)))
