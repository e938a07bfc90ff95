// SPDX-License-Identifier: Apache-2.0
// The keyboard: / search, j k the next and the last row, g and a letter a page, ? help.  Nothing happens while
// a field has the focus or a dialog is open; Enter opens what has the focus, as everywhere.
import { go } from './route.js'

export const PAGES = [
  ['o', '', 'Overview'], ['r', 'orders', 'Orders'], ['v', 'review', 'Review'], ['l', 'licenses', 'Licenses'],
  ['d', 'deliveries', 'Deliveries'], ['c', 'callbacks', 'Callbacks'], ['a', 'accounts', 'Accounts'], ['m', 'ledger', 'Ledger'], ['u', 'audit', 'Audit'],
]

let waitsForPage = 0

function rowMove(step) {
  const rows = [...document.querySelectorAll('main a[data-row]')]
  if (rows.length === 0) return
  const at = rows.indexOf(document.activeElement)
  const to = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))
  rows[to].focus()
  rows[to].scrollIntoView({ block: 'nearest' })
}

function typing(target) {
  return target.closest('input, textarea, select, [contenteditable]') !== null || document.querySelector('dialog[open]') !== null
}

/** help() opens the list of keys; returns what takes the keyboard back. */
export function keysListen(help) {
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
    if (waitsForPage > Date.now()) {
      const page = PAGES.find(([letter]) => letter === event.key)
      waitsForPage = 0
      if (page) return go(page[1])
    }
    const actions = {
      '/': () => document.getElementById('search')?.focus(),
      '?': help,
      j: () => rowMove(1),
      k: () => rowMove(-1),
      g: () => { waitsForPage = Date.now() + 1500 },
    }
    if (actions[event.key]) {
      event.preventDefault()
      actions[event.key]()
    }
    return undefined
  }
  addEventListener('keydown', pressed)
  return () => removeEventListener('keydown', pressed)
}
