import { describe, expect, it } from "vitest";
import { lookalike } from "../../src/model/gguf/lookalike.ts";
import { readHeader } from "../../src/model/gguf/read.ts";
import { le32, le64, memorySource } from "./kit.ts";

const text = (value: string): Buffer => Buffer.from(value);
const safetensors = Buffer.concat([le64(40), text('{"weight":{"dtype":"F16","shape":[2,2]}}')]);
const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

describe("what a file is that is no GGUF", () => {
  it.each<[Buffer, RegExp, RegExp]>([
    [text(""), /empty/, /Download/],
    [text(pointer), /Git LFS pointer/, /git lfs pull/],
    [text("<!DOCTYPE html>\n<html>"), /web page/, /browser/],
    [text("\n  <html lang=en>"), /web page/, /browser/],
    [text("\ufeff<!doctype html>"), /web page/, /browser/],
    [text('<?xml version="1.0"?><Error><Code>AccessDenied'), /web page/, /browser/],
    [safetensors, /safetensors/, /convert_hf_to_gguf/],
    [text('{"error":"Repository not found"}'), /JSON/, /\.gguf/],
    [text("[{}]"), /JSON/, /\.gguf/],
    [text("Entry not found"), /error message/, /download the model again/],
    [text("Access to model meta/x is restricted."), /error message/, /again/],
    [text("PK\x03\x04rest"), /PyTorch/, /Convert/],
    [Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/, /gunzip/],
    [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1]), /zstd/, /unzstd/],
    [text("tjgg\x03\0\0\0"), /older than GGUF/, /newer/],
    [text("lmgg\x01\0\0\0"), /GGML file/, /GGUF/],
    [text("ggml\x01\0\0\0"), /chatglm\.cpp/, /corral model convert/],
    [Buffer.alloc(64), /zeros/, /Download/],
    [text("just some notes\n"), /text file/, /\.gguf/],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]), /not a GGUF/, /\.gguf/],
    [Buffer.concat([text("GGU"), le32(3)]), /not a GGUF/, /\.gguf/],
  ])("%j", async (content, what, remedy) => {
    const guess = lookalike(content, content.length);
    expect(guess.what).toMatch(what);
    expect(guess.remedy).toMatch(remedy);
    await expect(readHeader(memorySource(content))).rejects.toMatchObject({
      code: "CORRAL_MODEL_BROKEN",
      message: `/models/test.gguf is ${guess.what}. ${guess.remedy}`,
    });
  });
});
