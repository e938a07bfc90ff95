// SPDX-License-Identifier: Apache-2.0
// How values read: times, spans, credits.  Credits stay the exact decimal text they came as.
import { language } from './words.js'

// With the day in front and 24 hours, as an operator reads a log.
const locale = () => (language() === 'en' ? 'en-GB' : language())

const made = new Map()
/** One of Intl's formatters; to make one takes longer than to use it a hundred times. */
function formatter(Kind, options) {
  const key = `${Kind.name} ${locale()} ${JSON.stringify(options)}`
  if (!made.has(key)) made.set(key, new Kind(locale(), options))
  return made.get(key)
}

export function time(iso) {
  if (!iso) return '–'
  return formatter(Intl.DateTimeFormat, { dateStyle: 'short', timeStyle: 'medium' }).format(new Date(iso))
}

export function clock(iso) {
  return formatter(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit' }).format(new Date(iso))
}

const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]

/** "3 minutes ago", "in 2 hours". */
export function ago(iso, now = Date.now()) {
  if (!iso) return '–'
  const seconds = (Date.parse(iso) - now) / 1000
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) || UNITS[3]
  return formatter(Intl.RelativeTimeFormat, { numeric: 'auto', style: 'short' }).format(Math.trunc(seconds / size), unit)
}

/** A length of time in its largest unit: "2 hr", "45 sec". */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return '–'
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) || UNITS[3]
  return formatter(Intl.NumberFormat, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(
    Math.round((seconds / size) * 10) / 10)
}

export function millis(value) {
  if (value === null || value === undefined) return '–'
  return value < 1000 ? `${value} ms` : `${(value / 1000).toFixed(1)} s`
}

/** Groups the whole part: 12345.50 → 12 345.50 (thin spaces), digits untouched. */
export function credits(text) {
  if (text === null || text === undefined) return '–'
  const [whole, part] = String(text).split('.')
  return whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') + (part === undefined ? '' : '.' + part)
}

export function count(value) {
  return value === null || value === undefined ? '–' : formatter(Intl.NumberFormat, {}).format(value)
}
