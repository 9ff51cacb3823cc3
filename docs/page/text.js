/** The page's words, in the reader's language. */

import { STRINGS as en } from "./strings_en.js";
import { STRINGS as ko } from "./strings_ko.js";

/** @typedef {Record<keyof typeof en, string>} Strings */

/** @type {Record<string, Strings>} */
export const LANGUAGES = { en, ko };

/** The first of the reader's languages that there is; else English. */
export const preferred = (/** @type {readonly string[]} */ wanted) =>
  wanted.map((language) => language.slice(0, 2)).find((language) => language in LANGUAGES) ?? "en";

/** `{name}` in a text becomes the value of that name. */
export const fill = (/** @type {string} */ text, /** @type {Record<string, string | number>} */ values) =>
  text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
