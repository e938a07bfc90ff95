// SPDX-License-Identifier: Apache-2.0
// English → Turkish.  A check compares this list with the texts in the code: none missing, none too many.
export default {
  // Order states, verdicts
  queued: 'sırada', blocked: 'bekliyor', held: 'durduruldu', calling: 'çağrılıyor', 'in doubt': 'belirsiz', 'needs review': 'inceleme bekliyor',
  succeeded: 'tamamlandı', failed: 'başarısız', cancelled: 'iptal edildi',
  done: 'yapıldı', 'not carried out, later again': 'yapılmadı, yeniden denenecek', refused: 'reddedildi',
  'not known whether it was carried out': 'yapılıp yapılmadığı bilinmiyor', 'not known': 'bilinmiyor',

  // The frame
  Overview: 'Genel bakış', Orders: 'Siparişler', Review: 'İnceleme', Licenses: 'Lisanslar', Deliveries: 'Teslimatlar', Callbacks: 'Geri bildirimler',
  Accounts: 'Hesaplar', Ledger: 'Defter', Audit: 'Denetim', Search: 'Ara', Live: 'Canlı', Paused: 'Durdu', Light: 'Açık', Dark: 'Koyu', Leave: 'Çık',
  Keyboard: 'Klavye', Close: 'Kapat', Cancel: 'Vazgeç', Pages: 'Sayfalar', Newest: 'En yeni', Older: 'Daha eski', Filter: 'Süz', Filters: 'Süzgeçler', Clear: 'Temizle',
  'Order, service, invoice, IP, key, e-mail …': 'Sipariş, hizmet, fatura, IP, anahtar, e-posta …',
  'To the content': 'İçeriğe geç', 'No such page': 'Böyle bir sayfa yok', 'Reading …': 'Okunuyor …', 'Nothing here.': 'Burada bir şey yok.', 'Copied.': 'Kopyalandı.',
  search: 'ara', 'next and previous row': 'sonraki ve önceki satır', 'open it': 'aç', 'close a dialog': 'pencereyi kapat', 'this list': 'bu liste',
  Token: 'Jeton', Enter: 'Gir', 'Make one with:': 'Şununla oluşturun:',
  'Paste an operator’s token. It stays in this tab and is forgotten with it.': 'Bir operatör jetonu yapıştırın. Yalnızca bu sekmede kalır ve onunla unutulur.',

  // Overview
  'All is well: nothing in doubt, nobody waits for a person.': 'Her şey yolunda: belirsiz iş yok, kimse bir insanı beklemiyor.',
  Warnings: 'Uyarılar', 'In doubt': 'Belirsiz', 'evidence is being gathered': 'kanıt toplanıyor', 'To review': 'İncelenecek', 'oldest {when}': 'en eskisi {when}',
  'nothing needs a person': 'insan gerektiren iş yok', 'Spent today': 'Bugün harcanan', 'credits, all accounts': 'kredi, tüm hesaplar',
  'Longest waiting': 'En uzun bekleyen', 'nobody waits': 'bekleyen yok',
  'Callbacks given up': 'Ulaşmayan bildirimler', '{pending} on their way': '{pending} yolda', 'Orders by state': 'Duruma göre siparişler', 'Waiting longest': 'En uzun bekleyenler',
  'Nobody waits.': 'Bekleyen yok.', '{left} of {all} calls left': '{all} çağrıdan {left} kaldı', paused: 'durduruldu', sandbox: 'deneme hesabı', credits: 'kredi',
  'lasts {days} days at {spent} a day': 'günde {spent} ile {days} gün yeter', 'no purchases to foresee from': 'tahmin için alım yok',
  '{orders} orders wait for {credits} credits; renewals of 30 days: {renewals}': '{orders} sipariş {credits} kredi bekliyor; 30 günlük yenilemeler: {renewals}',
  '{calls} calls in the last hour, {errors} errors, p50 {p50}, p95 {p95}, p99 {p99}': 'son saatte {calls} çağrı, {errors} hata, p50 {p50}, p95 {p95}, p99 {p99}',
  'The last 24 hours': 'Son 24 saat', accepted: 'kabul edilen', 'Calls to providers': 'Sağlayıcı çağrıları', calls: 'çağrı', errors: 'hata', 'Credits spent': 'Harcanan kredi',
  'Why orders failed in 24 hours': '24 saatte siparişler neden başarısız oldu', 'None failed.': 'Başarısız olan yok.', Last: 'Son',
  'Drift: credits that no order explains': 'Sapma: hiçbir siparişin açıklamadığı krediler', 'Every balance fits.': 'Bütün bakiyeler tutuyor.', Unexplained: 'Açıklanamayan',
  Workers: 'İşçiler', 'No worker has been seen.': 'Hiç işçi görülmedi.', '{running} calls under way': '{running} çağrı sürüyor', 'last seen {when}': 'son görülme {when}',

  // Columns and facts
  Order: 'Sipariş', State: 'Durum', What: 'İşlem', Why: 'Neden', Waits: 'Bekliyor', Service: 'Hizmet', 'Next try': 'Sonraki deneme', Account: 'Hesap', When: 'Zaman', Product: 'Ürün',
  IP: 'IP', Calls: 'Çağrı', Credits: 'Kredi', Came: 'Geldi', Ended: 'Bitti', Source: 'Kaynak', License: 'Lisans', Key: 'Anahtar', Type: 'Tür', Name: 'Ad', Price: 'Fiyat',
  Sold: 'Satışta', hidden: 'gizli', yes: 'evet', 'Seen in purchases': 'Alımlarda görülen', Read: 'Okundu', Status: 'Durum', Upstream: 'Sağlayıcıda', 'License key': 'Lisans anahtarı',
  'Paid until': 'Ödendi', Expires: 'Bitiş', 'Orders waiting': 'Bekleyen sipariş', Delivery: 'Teslimat', Repeat: 'Yineleme', Address: 'Adres', Addresses: 'Adresler', Field: 'Alan',
  'Not kept': 'Saklanmayan', 'Refused deliveries': 'Reddedilen teslimatlar', Callback: 'Bildirim', Error: 'Hata', Entry: 'Kayıt', Kind: 'Tür', Amount: 'Tutar', Balance: 'Bakiye',
  Note: 'Not', Who: 'Kim', Action: 'Eylem', Reason: 'Neden', Detail: 'Ayrıntı', 'License {id}': 'Lisans {id}', 'The license': 'Lisans', Bought: 'Alındı', Adopted: 'Devralındı',
  Terminated: 'Sonlandırıldı', 'called invalid': 'geçersiz deniyor',
  'For a shell with BASE_URL and TOKEN; paid calls are not offered, they would buy again.': 'BASE_URL ve TOKEN tanımlı bir kabuk için; ücretli çağrılar sunulmaz, yeniden satın alırlardı.',
  'Called invalid by its provider': 'Sağlayıcı geçersiz diyor', Oldest: 'En eski', Newer: 'Daha yeni', 'First in line': 'Sıranın başı', Since: 'Başlangıç', Until: 'Bitiş', 'Products and prices': 'Ürünler ve fiyatlar',

  // Orders and what is done to them
  'Act on all of these …': 'Hepsine uygula …', 'Choose a filter first': 'Önce bir süzgeç seçin', 'Act on all that the filter finds': 'Süzgecin bulduğu hepsine uygula',
  'Orders in review, in doubt or being called are never touched.': 'İncelenen, belirsiz veya çağrılmakta olan siparişlere dokunulmaz.',
  'Do it to {count} orders?': '{count} siparişe uygulansın mı?', 'Each is looked at again before it is changed.': 'Her birine değiştirilmeden önce yeniden bakılır.',
  'Yes, all {count}': 'Evet, {count} tanesine', 'Count them': 'Say', '{changed} orders changed, {unchanged} left as they were.': '{changed} sipariş değişti, {unchanged} olduğu gibi kaldı.',
  'No order fits.': 'Uyan sipariş yok.', anything: 'hepsi', 'Try now': 'Şimdi dene', Hold: 'Beklet', Release: 'Bırak', 'Cancel orders': 'Siparişleri iptal et', 'Cancel order': 'Siparişi iptal et',
  'Free its key': 'Anahtarını serbest bırak', 'It is called as soon as a worker is free.': 'Bir işçi boşalır boşalmaz çağrılır.', 'It waits until somebody releases it.': 'Biri bırakana kadar bekler.',
  'It goes on where it stood.': 'Kaldığı yerden sürer.', 'It ends without a call. Nothing was bought for it.': 'Çağrı yapılmadan biter. Onun için bir şey alınmadı.',
  'The panel may order the same operation again.': 'Panel aynı işlemi yeniden sipariş edebilir.', 'Reason, for the audit': 'Neden (denetim için)',
  'Type the order number {id} to confirm': 'Onaylamak için sipariş numarasını yazın: {id}', 'Order {id}': 'Sipariş {id}', 'Order {id} is now {state}.': 'Sipariş {id} şimdi: {state}.',
  '{action}: order {id}': '{action}: sipariş {id}', 'The order': 'Sipariş', 'What happened': 'Olanlar', Evidence: 'Kanıt', 'Panel order': 'Panel siparişi', Invoice: 'Fatura', 'Invoice item': 'Fatura kalemi',
  Months: 'Ay', Sequence: 'Sıra numarası', Delivered: 'Teslim edildi', 'Delivered again': 'Yeniden teslim edildi', 'from {address}': '{address} adresinden', Event: 'Olay',
  'Call {attempt}: {call}': 'Çağrı {attempt}: {call}', 'Answer {attempt}: {verdict}': 'Yanıt {attempt}: {verdict}', Request: 'İstek', Answer: 'Yanıt', 'Balance before': 'Önceki bakiye', Worker: 'İşçi',
  Sent: 'Gönderildi', 'no, nothing left this machine': 'hayır, bu makineden hiçbir şey çıkmadı', 'Copy as curl': 'curl olarak kopyala', 'Account: {kind}': 'Hesap: {kind}', balance: 'bakiye', '{actor}: {action}': '{actor}: {action}',

  // Review
  'The answer of these calls was lost, and the evidence does not decide. Look at the provider’s panel, then say what happened.':
    'Bu çağrıların yanıtı kayboldu ve kanıtlar karar vermeye yetmiyor. Sağlayıcının paneline bakın, sonra ne olduğunu söyleyin.',
  'Nothing to review. Nothing is in doubt for a person.': 'İncelenecek bir şey yok.', 'Your token may not settle.': 'Jetonunuz karar veremez.',
  'It happened': 'Gerçekleşti', 'It did not happen': 'Gerçekleşmedi', 'Buy again': 'Yeniden al',
  'The upstream carried it out. The order ends as succeeded and its price is booked.': 'Sağlayıcı bunu yaptı. Sipariş tamamlanır ve bedeli deftere yazılır.',
  'The upstream did nothing. The order ends as failed; its key stays taken.': 'Sağlayıcı hiçbir şey yapmadı. Sipariş başarısız biter; anahtarı dolu kalır.',
  'It is called once more. If the first call was carried out after all, it is paid twice.': 'Bir kez daha çağrılır. İlk çağrı aslında yapıldıysa iki kez ödenir.',
  'What did you look at, and what did you see?': 'Neye baktınız, ne gördünüz?', 'License number upstream, if you know it': 'Sağlayıcıdaki lisans numarası, biliyorsanız',
  'A late effect may still come; answers are taken in {span}.': 'Gecikmiş bir etki hâlâ gelebilir; yanıtlar {span} sonra alınır.',
  'Missing from the balance: {missing}. Price of this order: {price}. Calls in doubt in the same window: {doubts}.':
    'Bakiyede eksik: {missing}. Bu siparişin bedeli: {price}. Aynı penceredeki belirsiz çağrılar: {doubts}.',
  'The window is tainted: an earlier doubt or foreign spending is unexplained, so the balance proves nothing.': 'Pencere güvenilmez: daha eski bir belirsizlik veya yabancı bir harcama açıklanmadı, bakiye bir şey kanıtlamaz.',
  'Balance before the window': 'Pencereden önceki bakiye', 'Balance after it': 'Sonraki bakiye', 'Confirmed in the window': 'Pencerede kesinleşen',
  'Price, if months multiply': 'Bedel, aylar çarpılırsa', 'Prices in doubt, together': 'Belirsiz bedeller, toplam', 'Waits since': 'Bekleme başlangıcı',

  // Accounts
  Pause: 'Durdur', Resume: 'Sürdür', 'End the alarm': 'Alarmı bitir', 'No order is begun on it until it is resumed; calls under way end.': 'Sürdürülene kadar sipariş başlatılmaz; süren çağrılar biter.',
  'Its orders go on.': 'Siparişleri sürer.', 'You looked: what was spent is explained, and balances may be believed again.': 'Baktınız: harcanan açıklandı, bakiyelere yeniden güvenilebilir.',
  '{action}: account {account}': '{action}: hesap {account}', '{action}: account {account}, done.': '{action}: hesap {account}, yapıldı.',
}
