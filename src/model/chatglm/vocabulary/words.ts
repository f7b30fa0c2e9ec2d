/** Words that made tokenizers know, so that real text becomes pieces of several characters. */

const ENGLISH = `the of and to in is you that it he was for on are as with his they at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will up other about out many
then them these so some her would make like him into time has look two more write go see number no way could people my
than first water been call who its now find long down day did get come made may part hello world question answer model
please tell capital France quick brown fox jumps over lazy dog`;

const CHINESE = `你好 我们 什么 这个 可以 没有 自己 知道 中国 北京 上海 天气 今天 模型 语言 问题 回答 请问 谢谢 世界
人工 智能 学习 机器 大家 时候 因为 所以 但是 如果 已经 就是 不是 一个 他们 她们 怎么 为什么 人工智能 学而时习之`;

const CODE = `return function const import export class def self if else for while int void string println console.log
() {} [] == => != ++ -> // /* */ ); "); 00 10 20 2024 <div </ http:// www. .com .py .ts`;

const split = (text: string): string[] => text.split(/\s+/);

/** With the mark of a word's beginning where a space comes before words. */
export const wordsOf = (mark: string): string[] => [
  ...[2, 4, 8].map((length) => mark.repeat(length)),
  ...split(ENGLISH).flatMap((word) => [mark + word, word]),
  ...split(CHINESE),
  ...split(CODE).flatMap((word) => [mark + word, word]),
];

/** The Chinese characters of the words, and marks; full-width ones, too. */
export const CHARACTERS: readonly string[] = [...new Set([...split(CHINESE).join(""), ..."，。！？：；、“”（）问答"])];
