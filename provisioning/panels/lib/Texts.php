<?php
// SPDX-License-Identifier: Apache-2.0
/** What people read in the panels, in English and Turkish. %1$s … are filled in by Texts::get. */
namespace LicenseBridge;

final class Texts
{
    private const ENGLISH = [
        'waits' => 'Order %1$s is %2$s at the bridge%3$s. It goes on by itself; nothing was lost. This action counts as done when the bridge says so: retry it from the Module Queue, or wait for the callback.',
        'failed' => 'Order %1$s failed%3$s. Nothing was bought.',
        'cancelled' => 'Order %1$s was cancelled at the bridge%3$s. Nothing was bought.',
        'refused' => 'The bridge refused this: %1$s',
        'unreachable' => 'The bridge did not answer (%1$s). Retry this action: it will mean the same order, never a second one.',
        'no_address' => 'This service has no IP address: fill in the field "%1$s" first.',
        'bad_address' => '"%1$s" is not an IP address.',
        'same_address' => 'The license is on %1$s already: put the new address into the field "%2$s", save, and press the button again.',
        'no_product' => 'The product has no bridge product code: choose one in the product\'s module settings.',
        'no_invoice' => 'No paid invoice of this service is waiting for a renewal. Only a paid invoice renews a license; an operator of the bridge can do it without one.',
        'first_invoice' => 'The paid invoice of this service is that of its first period, which the purchase covered: there is nothing to renew.',
        'no_cycle' => 'The billing cycle says no number of months: set "Months" in the product\'s module settings.',
        'not_again' => 'A new purchase is only possible when the last one ended failed or cancelled; the bridge says: %1$s.',
        'again' => 'The next Create will be a new purchase.',
        'not_allowed' => 'The address of this license cannot be changed here.',
        'client_waits' => 'Your request was received and is being carried out. Please look again in a few minutes.',
        'client_failed' => 'The change was not carried out. Please contact support.',
        'title' => 'License',
        'status' => 'Status',
        'address' => 'IP address',
        'new_address' => 'New IP address',
        'change_address' => 'Change IP address',
        'product' => 'Product',
        'key' => 'License key',
        'until' => 'Paid until',
        'last_order' => 'Last order',
        'orders' => 'Orders at the bridge',
        'order' => 'Order',
        'action' => 'Action',
        'state' => 'State',
        'attempts' => 'Attempts',
        'credits' => 'Credits',
        'evidence' => 'What was seen',
        'next_try' => 'Next try',
        'none' => 'No order yet.',
        'no_view' => 'The bridge cannot be asked now: %1$s',
        'new_purchase' => 'New purchase attempt',
        'refresh' => 'Ask the bridge again',
        'sent' => 'sent',
        'not_sent' => 'not sent',
        'state_queued' => 'queued', 'state_blocked' => 'waiting for an earlier order', 'state_held' => 'held',
        'state_calling' => 'being carried out', 'state_in_doubt' => 'in doubt', 'state_needs_review' => 'with an operator',
        'state_succeeded' => 'done', 'state_failed' => 'failed', 'state_cancelled' => 'cancelled',
        'license_active' => 'active', 'license_suspended' => 'suspended', 'license_terminated' => 'ended',
        'license_pending' => 'being set up', 'license_unknown' => 'not known yet',
        'callback_low' => 'License Bridge: the balance of the account "%1$s" is low: %2$s credits.',
        'callback_invalid' => 'License Bridge: the provider calls the license of service %1$s invalid: %2$s',
        'callback_state' => 'License Bridge: order %1$s of service %2$s (%3$s) is %4$s%5$s',
    ];

    private const TURKISH = [
        'waits' => '%1$s numaralı sipariş köprüde şu durumda: %2$s%3$s. Kendiliğinden devam eder; hiçbir şey kaybolmadı. Köprü tamamlandı dediğinde bu işlem tamamlanmış sayılır: Modül Kuyruğundan yeniden deneyin ya da bildirimi bekleyin.',
        'failed' => '%1$s numaralı sipariş başarısız oldu%3$s. Hiçbir şey satın alınmadı.',
        'cancelled' => '%1$s numaralı sipariş köprüde iptal edildi%3$s. Hiçbir şey satın alınmadı.',
        'refused' => 'Köprü bunu reddetti: %1$s',
        'unreachable' => 'Köprü yanıt vermedi (%1$s). Bu işlemi yeniden deneyin: aynı sipariş geçerli olur, ikinci bir sipariş oluşmaz.',
        'no_address' => 'Bu hizmetin IP adresi yok: önce "%1$s" alanını doldurun.',
        'bad_address' => '"%1$s" bir IP adresi değil.',
        'same_address' => 'Lisans zaten %1$s adresinde: yeni adresi "%2$s" alanına yazın, kaydedin ve düğmeye yeniden basın.',
        'no_product' => 'Ürünün köprü ürün kodu yok: ürünün modül ayarlarından birini seçin.',
        'no_invoice' => 'Bu hizmetin yenileme bekleyen ödenmiş faturası yok. Lisansı yalnızca ödenmiş bir fatura yeniler; köprünün bir operatörü faturasız da yenileyebilir.',
        'first_invoice' => 'Bu hizmetin ödenmiş faturası ilk döneme ait ve satın alma onu karşıladı: yenilenecek bir şey yok.',
        'no_cycle' => 'Fatura döneminden ay sayısı çıkmıyor: ürünün modül ayarlarında "Ay" alanını doldurun.',
        'not_again' => 'Yeni bir satın alma ancak sonuncusu başarısız olduğunda ya da iptal edildiğinde mümkündür; köprünün yanıtı: %1$s.',
        'again' => 'Bir sonraki Oluştur işlemi yeni bir satın alma olacak.',
        'not_allowed' => 'Bu lisansın adresi buradan değiştirilemez.',
        'client_waits' => 'İsteğiniz alındı ve yerine getiriliyor. Lütfen birkaç dakika sonra yeniden bakın.',
        'client_failed' => 'Değişiklik yapılamadı. Lütfen destek ile iletişime geçin.',
        'title' => 'Lisans',
        'status' => 'Durum',
        'address' => 'IP adresi',
        'new_address' => 'Yeni IP adresi',
        'change_address' => 'IP adresini değiştir',
        'product' => 'Ürün',
        'key' => 'Lisans anahtarı',
        'until' => 'Ödenen son gün',
        'last_order' => 'Son sipariş',
        'orders' => 'Köprüdeki siparişler',
        'order' => 'Sipariş',
        'action' => 'İşlem',
        'state' => 'Durum',
        'attempts' => 'Deneme',
        'credits' => 'Kredi',
        'evidence' => 'Görülenler',
        'next_try' => 'Sonraki deneme',
        'none' => 'Henüz sipariş yok.',
        'no_view' => 'Köprüye şu anda sorulamıyor: %1$s',
        'new_purchase' => 'Yeni satın alma denemesi',
        'refresh' => 'Köprüye yeniden sor',
        'sent' => 'gönderildi',
        'not_sent' => 'gönderilmedi',
        'state_queued' => 'sırada', 'state_blocked' => 'önceki siparişi bekliyor', 'state_held' => 'bekletiliyor',
        'state_calling' => 'yürütülüyor', 'state_in_doubt' => 'belirsiz', 'state_needs_review' => 'operatörde',
        'state_succeeded' => 'tamamlandı', 'state_failed' => 'başarısız', 'state_cancelled' => 'iptal edildi',
        'license_active' => 'etkin', 'license_suspended' => 'askıda', 'license_terminated' => 'sona erdi',
        'license_pending' => 'kuruluyor', 'license_unknown' => 'henüz bilinmiyor',
        'callback_low' => 'License Bridge: "%1$s" hesabının bakiyesi düşük: %2$s kredi.',
        'callback_invalid' => 'License Bridge: sağlayıcı %1$s hizmetinin lisansını geçersiz sayıyor: %2$s',
        'callback_state' => 'License Bridge: %2$s hizmetinin %1$s numaralı siparişi (%3$s): %4$s%5$s',
    ];

    private array $texts;

    /** $language as the panel spells it: "turkish", "tr", "tr-TR"; everything else is English. */
    public function __construct(string $language)
    {
        $this->texts = self::textsOf($language);
    }

    private static function textsOf(string $language): array
    {
        return preg_match('/^(tr|turkish)([-_].*)?$/i', trim($language)) ? self::TURKISH : self::ENGLISH;
    }

    public function get(string $key, string ...$values): string
    {
        return vsprintf($this->texts[$key] ?? $key, $values);
    }

    /** A word of the bridge ("state_held") in the reader's language, or itself when it is a new one. */
    public function word(string $kind, string $word): string
    {
        return $this->texts["{$kind}_{$word}"] ?? $word;
    }

    public function all(): array
    {
        return $this->texts;
    }

    /** For the tests: both languages say the same things. */
    public static function keys(string $language): array
    {
        return array_keys(self::textsOf($language));
    }

    /** What became of an order, for staff. */
    public function outcome(Answer $answer): string
    {
        $state = $answer->text('state');
        $reason = $answer->text('reason') !== '' ? ': ' . $answer->text('reason') : '';
        $key = in_array($state, ['failed', 'cancelled'], true) ? $state : 'waits';
        return $this->get($key, $answer->text('order_id'), $this->word('state', $state), $reason);
    }
}
