// SPDX-License-Identifier: Apache-2.0
// The dashboard's two languages.  English stands in the code; this has the Turkish for it.
import turkish from './words.tr.js'

const CHOICE = 'license-bridge-language'

export function language() {
  return localStorage.getItem(CHOICE) || (navigator.language.startsWith('tr') ? 'tr' : 'en')
}

export function languageSet(value) {
  localStorage.setItem(CHOICE, value)
  document.documentElement.lang = value
}

/** The text in the reader's language; {name} is taken from values. */
export function t(english, values) {
  const text = language() === 'tr' ? turkish[english] || english : english
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text
}

const STATES = {
  queued: 'queued', blocked: 'blocked', held: 'held', calling: 'calling', in_doubt: 'in doubt',
  needs_review: 'needs review', succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled',
}
export const ORDER_STATES = Object.keys(STATES)

/** An order's state as people say it. */
export function stateWord(state) {
  return t(STATES[state] || state)
}
