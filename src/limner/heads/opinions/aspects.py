"""What a review speaks of: clauses, and the aspects that their words name."""

# ruff: noqa: RUF001

import re
from collections.abc import Mapping

__all__ = ["ASPECTS", "aspects_in", "clauses_of"]

ASPECTS: Mapping[str, tuple[str, str]] = {
    "price": (
        (
            r"pric\w*|cost\w*|cheap\w*|expensive|afford\w*|bargain\w*|discount\w*|deal|deals|value|"
            r"overpriced|money|worth"
        ),
        "价格|价钱|价位|便宜|贵|划算|实惠|性价比|优惠|打折|降价|超值|值得|钱",
    ),
    "quality": (
        (
            r"qualit\w*|sturdy|durab\w*|flims\w*|broke\w*|break\w*|defect\w*|well[- ]made|"
            r"material\w*|fault\w*|crack\w*|lasts?|lasted"
        ),
        "质量|品质|做工|材质|质感|用料|结实|耐用|坏了|掉色|褪色|瑕疵|次品|粗糙|正品|假货",
    ),
    "delivery": (
        r"deliver\w*|shipp\w*|courier\w*|arriv\w*|parcel\w*|dispatch\w*|late",
        "物流|快递|发货|送货|配送|到货|收到|运费|邮费|送达",
    ),
    "packaging": (
        r"packag\w*|packed|wrapp\w*|box|boxes|carton\w*",
        "包装|盒子|箱子|外盒|破损|密封|漏",
    ),
    "service": (
        (
            r"service\w*|support|staff|customer care|refund\w*|return(?:ed|s|ing)?|exchange\w*|"
            r"warrant\w*|seller\w*|replacement\w*"
        ),
        "客服|服务|售后|态度|退货|退款|换货|卖家|店家|商家|保修",
    ),
    "look": (
        r"colou?r\w*|design\w*|looks?|looking|style\w*|beautiful\w*|ugly|pretty|elegant|stylish",
        "颜色|外观|外形|款式|样式|好看|漂亮|难看|时尚|设计|图片|色差",
    ),
    "size": (
        (
            r"sizes?|sized|sizing|fits?|fitted|small|large|tight|loose|weigh\w*|heavy|light(?:weight)?|"
            r"thick\w*|thin"
        ),
        "尺寸|大小|尺码|合身|偏大|偏小|太大|太小|重量|厚|薄|宽松|紧",
    ),
    "taste": (
        r"tast\w*|flavou?r\w*|smell\w*|fresh\w*|delicious|sweet|sour|rotten|tasty|ripe",
        "味道|口感|好吃|难吃|新鲜|甜|酸|水分|香味|气味|异味|坏的|烂",
    ),
    "use": (
        (
            r"eas(?:y|ily)|simple|difficult|hard to|user[- ]friendly|instruction\w*|set ?up|"
            r"install\w*|convenient|comfortabl\w*|works?|working|worked"
        ),
        "好用|难用|方便|操作|安装|说明书|简单|麻烦|舒服|舒适|使用",
    ),
    "performance": (
        (
            r"batter\w*|charg\w*|speed\w*|fast|slow\w*|screen\w*|sound\w*|signal|memory|storage|"
            r"camera\w*|performance|lag\w*|freez\w*|crash\w*|software|app|apps"
        ),
        "电池|充电|速度|流畅|卡顿|死机|屏幕|音质|信号|内存|像素|性能|发热|续航|噪音|系统",
    ),
    "content": (
        r"story|stories|plot\w*|author\w*|chapter\w*|reading|writing|translat\w*|print(?:ed|ing)?",
        "内容|故事|情节|作者|文笔|翻译|印刷|纸张|错别字|书",
    ),
    "room": (
        r"rooms?|bed|beds|bathroom\w*|breakfast|location|clean\w*|dirty|nois\w*|wifi|hotel\w*",
        "房间|床|卫生间|早餐|位置|交通|干净|脏|隔音|吵|酒店|前台|空调",
    ),
}
"""Aspects that shops are praised and blamed for, by English and by Chinese words."""

_FOUND = {
    name: re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)
    for name, (english, chinese) in ASPECTS.items()
}
_BORDERS = re.compile(
    r"[.!?;\n。！？；…~～]+|,\s|，|\b(?:but|however|although|though|except|yet)\b|"
    r"但是|但|不过|可是|然而|就是",
    re.IGNORECASE,
)
_LEAST = 2
_MOST_CLAUSES = 60


def clauses_of(text: str) -> list[str]:
    """Return the parts of a text that each can praise or blame, at most 60."""
    parts = (part.strip(" \t,，、:：-") for part in _BORDERS.split(text))
    return [part for part in parts if len(part) >= _LEAST][:_MOST_CLAUSES]


def aspects_in(clause: str) -> list[str]:
    """Return the aspects that a clause names, in the order of :data:`ASPECTS`."""
    return [name for name, pattern in _FOUND.items() if pattern.search(clause)]
