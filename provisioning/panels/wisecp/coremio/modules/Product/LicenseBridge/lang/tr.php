<?php
// SPDX-License-Identifier: Apache-2.0
return [
    'code' => 'tr',
    'url' => 'Köprünün adresi',
    'url-desc' => 'https://bridge.example ya da kaynağın olay adresinin tamamı',
    'source' => 'Kaynak',
    'secret' => 'Webhook gizli anahtarı',
    'secret-desc' => 'whsec_ ile başlar; şimdikini korumak için ***** bırakın',
    'wait' => 'Siparişin sonucunu bekleme süresi, saniye (en çok 25)',
    'save' => 'Kaydet ve bağlantıyı sına',
    'saved' => 'Bağlandı: köprü adresi, kaynağı, anahtarı ve saati kabul ediyor. Kaydedildi.',
];
