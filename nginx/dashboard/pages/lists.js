// SPDX-License-Identifier: Apache-2.0
// The plain lists: one description each, one way of showing them.
import { html } from '../vendor/htm-preact-3.1.1.js'
import { download, useLive } from '../api.js'
import { Loaded, Moment, Older, Table, orderLink } from '../parts.js'
import { go, href } from '../route.js'
import { credits } from '../show.js'
import { t } from '../words.js'

const moment = (name, label) => ({ name, label, tight: true, show: (one) => html`<${Moment} at=${one[name]} />` })
const order = () => ({ name: 'order_id', label: t('Order'), show: (one) => (one.order_id ? orderLink(one.order_id) : '–') })
const money = (name, label) => ({ name, label, number: true, show: (one) => credits(one[name]) })

// filters: names of the API; words: their labels; columns() is called at each drawing, so that it speaks the reader's language.
const LISTS = {
  licenses: {
    title: 'Licenses', path: '/licenses', filters: [['text', 'Search'], ['source', 'Source'], ['service', 'Service'], ['ip', 'IP'], ['account', 'Account'], ['product', 'Product'], ['status', 'Status']],
    row: (one) => href(`licenses/${one.license_id}`),
    columns: () => [{ name: 'license_id', label: t('License') }, { name: 'status', label: t('Status'), show: (one) => (one.invalid_at ? html`${one.status} <span class="state" data-state="in_doubt">${t('called invalid')}</span>` : one.status) },
      { name: 'product_code', label: t('Product'), tight: true },
      { name: 'ip', label: t('IP'), tight: true }, { name: 'service_id', label: t('Service'), show: (one) => `${one.source} ${one.service_id}` },
      { name: 'upstream_license_id', label: t('Upstream') }, { name: 'license_key', label: t('License key') },
      { name: 'period_end', label: t('Paid until') }, moment('expires_at', t('Expires')), { name: 'pending', label: t('Orders waiting'), number: true }],
  },
  deliveries: {
    title: 'Deliveries', path: '/deliveries', filters: [['source', 'Source'], ['order', 'Order'], ['key', 'Key']], sibling: ['deliveries/refused', 'Refused deliveries'],
    columns: () => [moment('received_at', t('Came')), { name: 'source', label: t('Source') }, { name: 'delivery_id', label: t('Delivery') }, order(),
      { name: 'repeated', label: t('Repeat'), show: (one) => (one.repeated ? t('yes') : '') }],
  },
  'deliveries/refused': {
    title: 'Refused deliveries', path: '/deliveries/refused', filters: [['source', 'Source'], ['address', 'Address'], ['status', 'Status']], sibling: ['deliveries', 'Deliveries'],
    columns: () => [moment('at', t('Came')), { name: 'status', label: t('Status'), number: true }, { name: 'source', label: t('Source') }, { name: 'address', label: t('Address') },
      { name: 'field', label: t('Field') }, { name: 'reason', label: t('Why') }, { name: 'delivery_id', label: t('Delivery') }, { name: 'suppressed', label: t('Not kept'), number: true }],
  },
  callbacks: {
    title: 'Callbacks', path: '/callbacks', filters: [['source', 'Source'], ['state', 'State'], ['order', 'Order']],
    columns: () => [{ name: 'callback_id', label: t('Callback') }, { name: 'type', label: t('What') }, { name: 'state', label: t('State') }, order(), { name: 'source', label: t('Source') },
      { name: 'attempts', label: t('Calls'), number: true }, { name: 'last_status', label: t('Status'), number: true }, { name: 'last_error', label: t('Error') },
      moment('next_try_at', t('Next try')), moment('created_at', t('Came'))],
  },
  ledger: {
    title: 'Ledger', path: '/ledger', filters: [['account', 'Account'], ['kind', 'Kind'], ['order', 'Order']],
    columns: () => [{ name: 'entry_id', label: t('Entry') }, moment('at', t('When')), { name: 'account', label: t('Account') }, { name: 'kind', label: t('Kind') },
      order(), money('amount', t('Amount')), money('balance', t('Balance')), { name: 'note', label: t('Note') }],
  },
  audit: {
    title: 'Audit', path: '/audit', filters: [['actor', 'Who'], ['action', 'Action'], ['order', 'Order'], ['account', 'Account']],
    columns: () => [{ name: 'action_id', label: t('Entry') }, moment('at', t('When')), { name: 'actor', label: t('Who') }, { name: 'action', label: t('Action') },
      order(), { name: 'account', label: t('Account') }, { name: 'reason', label: t('Reason') },
      { name: 'detail', label: t('Detail'), show: (one) => (one.detail ? JSON.stringify(one.detail) : '–') }],
  },
}

export function List({ name, params }) {
  const list = LISTS[name]
  const page = useLive(list.path, { limit: 50, ...params }, 6)
  const submit = (event) => {
    event.preventDefault()
    go(name, Object.fromEntries([...new FormData(event.target)].map(([key, value]) => [key, value.trim()])))
  }
  return html`<div class="title"><h1>${t(list.title)}</h1><span>
      ${list.sibling && html`<a class="button plain" href=${href(list.sibling[0])}>${t(list.sibling[1])}</a>`}
      <button class="plain" onClick=${() => download(list.path, params, `${name.replace('/', '-')}.csv`)}>CSV</button></span></div>
    <form class="filters" onSubmit=${submit} key=${name + JSON.stringify(params)} aria-label=${t('Filters')}>
      ${list.filters.map(([key, label]) => html`<label><span>${t(label)}</span><input name=${key} value=${params[key] || ''} autocomplete="off" /></label>`)}
      <button class="main">${t('Filter')}</button><a class="button plain" href=${href(name)}>${t('Clear')}</a></form>
    <${Loaded} live=${page}>${(data) => html`<${Table} caption=${t(list.title)} rows=${data.items} columns=${list.columns()} row=${list.row} />
      <${Older} page=${name} params=${params} next=${data.next} />`}<//>`
}
