// SPDX-License-Identifier: Apache-2.0
// The pieces that pages are made of.
import { html, useEffect, useRef, useState } from './vendor/htm-preact-3.1.1.js'
import { href } from './route.js'
import { ago, time } from './show.js'
import { stateWord, t } from './words.js'

export const State = ({ state }) => html`<span class="state" data-state=${state}>${stateWord(state)}</span>`

/** A moment: how long ago, the exact time on pointing at it. */
export const Moment = ({ at }) => (at ? html`<time datetime=${at} title=${time(at)}>${ago(at)}</time>` : '–')

export const Card = ({ title, children, more, wide, id }) => html`
  <section class=${'card' + (wide ? ' wide' : '')} aria-labelledby=${id || null}>
    ${title && html`<header><h2 id=${id || null}>${title}</h2>${more}</header>`}
    ${children}
  </section>`

export const Nothing = ({ text }) => html`<p class="nothing">${text || t('Nothing here.')}</p>`

export const Problem = ({ error }) => error && html`
  <p class="problem" role="alert"><b>${error.problem?.field ? `${error.problem.field}: ` : ''}</b>${error.message}</p>`

/** What a live page shows while it has no data, or beside data that is growing old. */
export function Loaded({ live, children }) {
  if (live.loading) return html`<p class="nothing" aria-busy="true">${t('Reading …')}</p>`
  return html`<${Problem} error=${live.error} />${live.data && children(live.data)}`
}

/** columns: { name, label, show(row), number, tight: one line }.  row(item) is the address that the first cell leads to. */
export function Table({ columns, rows, row, caption, empty }) {
  if (rows.length === 0) return html`<${Nothing} text=${empty} />`
  const cell = (column, item, index) => {
    const shown = column.show ? column.show(item) : item[column.name] ?? '–'
    const inside = index === 0 && row ? html`<a data-row href=${row(item)}>${shown}</a>` : shown
    return html`<td class=${column.number ? 'number' : column.tight ? 'tight' : null} data-label=${column.label}>${inside}</td>`
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="unseen">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? 'number' : null}>${column.label}</th>`)}</tr></thead>
    <tbody>${rows.map((item) => html`<tr>${columns.map((column, index) => cell(column, item, index))}</tr>`)}</tbody>
  </table></div>`
}

/** Facts as pairs; those without a value are left out. */
export const Facts = ({ facts }) => html`<dl class="facts">${facts
  .filter(([, value]) => value !== null && value !== undefined && value !== '')
  .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`

/** A modal with a form.  fields: { name, label, required, hint, value, area }; run(values) may throw an ApiError. */
export function Ask({ title, text, fields = [], yes, danger, run, close, children }) {
  const dialog = useRef(null)
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    const before = document.activeElement
    dialog.current.showModal()
    return () => before?.focus?.()
  }, [])
  const submit = async (event) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await run(Object.fromEntries(new FormData(event.target)))
    } catch (failed) {
      setError(failed)
    }
    setBusy(false)
  }
  return html`<dialog ref=${dialog} aria-labelledby="ask-title" onClose=${close}>
    <form onSubmit=${submit}>
      <h2 id="ask-title">${title}</h2>
      ${text && html`<p>${text}</p>`}
      ${children}
      ${fields.map((field) => html`<label class="field"><span>${field.label}${field.required ? ' *' : ''}</span>
        ${field.area ? html`<textarea name=${field.name} rows="3" maxlength="500" required=${field.required}></textarea>`
          : html`<input name=${field.name} required=${field.required} autocomplete="off" value=${field.value || ''} />`}
        ${field.hint && html`<small>${field.hint}</small>`}</label>`)}
      <${Problem} error=${error} />
      <footer><button type="button" class="plain" onClick=${() => dialog.current.close()}>${t('Cancel')}</button>
        <button type="submit" class=${danger ? 'danger' : 'main'} disabled=${busy}>${yes}</button></footer>
    </form>
  </dialog>`
}

const told = { text: '', show: () => {} }
/** Says what was done, to eyes and to screen readers. */
export function tell(text) {
  told.show(text)
}

export function Told() {
  const [text, set] = useState('')
  useEffect(() => {
    told.show = set
    const timer = text ? setTimeout(() => set(''), 6000) : 0
    return () => clearTimeout(timer)
  }, [text])
  return html`<div class="told" role="status">${text && html`<span>${text}</span>`}</div>`
}

/** Pages, newest first unless the words say otherwise: forward by the cursor, back by the browser's own history. */
export const Older = ({ page, params, next, first = t('Newest'), further = t('Older') }) => html`<nav class="pages" aria-label=${t('Pages')}>
  ${params.before && html`<a class="button plain" href=${href(page, { ...params, before: '' })}>${first}</a>`}
  ${next && html`<a class="button plain" href=${href(page, { ...params, before: next })}>${further}</a>`}</nav>`

export const orderLink = (id) => html`<a href=${href(`orders/${id}`)}>${id}</a>`

export async function copy(text) {
  await navigator.clipboard.writeText(text)
  tell(t('Copied.'))
}
