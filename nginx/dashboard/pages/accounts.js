// SPDX-License-Identifier: Apache-2.0
// The accounts at the providers: credits, budgets, prices; pausing one and ending its alarm.
import { html, useState } from '../vendor/htm-preact-3.1.1.js'
import { live as polling, post, useLive } from '../api.js'
import { Ask, Card, Loaded, Moment, Table, tell } from '../parts.js'
import { credits } from '../show.js'
import { t } from '../words.js'
import { AccountCard } from './overview.js'

const ACTIONS = {
  pause: { label: 'Pause', text: 'No order is begun on it until it is resumed; calls under way end.', required: true, danger: true },
  resume: { label: 'Resume', text: 'Its orders go on.', required: false },
  acknowledge: { label: 'End the alarm', text: 'You looked: what was spent is explained, and balances may be believed again.', required: true },
}

function AccountAction({ account, action, close }) {
  const what = ACTIONS[action]
  const run = async ({ reason }) => {
    await post(`/accounts/${encodeURIComponent(account)}/${action}`, reason ? { reason } : {})
    tell(t('{action}: account {account}, done.', { action: t(what.label), account }))
    polling.refresh()
    close()
  }
  return html`<${Ask} title=${t('{action}: account {account}', { action: t(what.label), account })} text=${t(what.text)} yes=${t(what.label)} danger=${what.danger}
    fields=${[{ name: 'reason', label: t('Reason, for the audit'), required: what.required, area: true }]} run=${run} close=${close} />`
}

const learnedWords = (learned) => (learned || []).map((one) => `${one.action}${one.billing_months ? ` ${one.billing_months}×` : ''} ${credits(one.price)}`).join(', ')

const Products = () => html`<${Card} title=${t('Products and prices')} wide id="products"><${Loaded} live=${useLive('/products', {}, 30)}>${(data) => html`
  <${Table} caption=${t('Products and prices')} rows=${data.items} columns=${[
    { name: 'upstream_type', label: t('Type') }, { name: 'name', label: t('Name') }, { name: 'account', label: t('Account') },
    { name: 'price', label: t('Price'), number: true, show: (one) => credits(one.price) },
    { name: 'visible', label: t('Sold'), show: (one) => (one.visible ? t('yes') : t('hidden')) },
    { name: 'learned', label: t('Seen in purchases'), show: (one) => learnedWords(one.learned) || '–' },
    { name: 'updated_at', label: t('Read'), show: (one) => html`<${Moment} at=${one.updated_at} />` }]} />`}<//><//>`

export function Accounts({ me }) {
  const accounts = useLive('/accounts', {}, 5)
  const [asked, ask] = useState(null)
  const may = (scope) => me.scopes.includes(scope)
  const Act = ({ account, action }) => html`<button class="plain small" onClick=${() => ask({ account, action })}>${t(ACTIONS[action].label)}</button>`
  return html`<h1>${t('Accounts')}</h1><${Loaded} live=${accounts}>${(data) => html`<div class="cards">${data.items.map((a) => html`
      <${AccountCard} key=${a.account} account=${a}><footer>
        ${may('operate') && html`<${Act} account=${a.account} action=${a.paused ? 'resume' : 'pause'} />`}
        ${may('settle') && a.alarm && html`<${Act} account=${a.account} action="acknowledge" />`}</footer><//>`)}</div>`}<//>
    <${Products} />
    ${asked && html`<${AccountAction} ...${asked} close=${() => ask(null)} />`}`
}
