"""The words that shops use for the columns and kinds of a log, in English and in Chinese."""

import re
import unicodedata

__all__ = ["ATTRIBUTE_WORDS", "CATALOGUE_WORDS", "COLUMN_WORDS", "WELL_KNOWN_KINDS", "plain"]


def plain(name: str) -> str:
    """Return a column's name without case, signs and the parts that say nothing.

    Examples
    --------
    >>> plain("CustomerID"), plain(" order.Invoice-Date ")
    ('customerid', 'orderinvoicedate')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).lower())


def _table(words: dict[str, str]) -> dict[str, list[str]]:
    return {name: [plain(word) for word in text.split()] for name, text in words.items()}


COLUMN_WORDS: dict[str, list[str]] = _table(
    {
        "customer_id": "customer_id customer client_id customer_no customer_number cust_id "
        "buyer_id "
        "user_id userid user uid member_id member_no visitorid visitor_id household_id "
        "household_key "
        "shopper_id account_id client clientid consumer_id reviewer_id 用户ID 用户编号 用户id 用户 "
        "会员编号 会员ID 会员卡号 会员号 会员 客户ID 客户编号 客户号 客户 买家ID 买家会员名 买家 "
        "顾客ID "
        "顾客编号 email contact_email cookie_id anonymous_id anonymousId user_pseudo_id session",
        "time": "time timestamp event_time event_timestamp datetime invoice_date invoicedate "
        "invoice_time order_date order_time orderdate purchase_date purchase_time transaction_date "
        "transaction_time transaction_timestamp event_date eventdate created_at createdat created "
        "occurred_at date_time date ts review_time review_date behavior_time day 时间 时间戳 "
        "下单时间 "
        "订单时间 下单日期 订单日期 付款时间 支付时间 订单创建时间 订单付款时间 购买时间 购买日期 "
        "交易时间 交易日期 消费时间 消费日期 行为时间 成交时间 创建时间 日期",
        "kind": "kind event_type event event_name behavior behavior_type behaviour action "
        "action_type type activity interaction 行为 行为类型 事件 事件类型 事件名称 操作类型 动作",
        "item_id": "item_id itemid item product_id productid product_code product sku sku_id "
        "stock_code stockcode article_id aid asin isbn upc ean gtin goods_id 商品ID 商品编号 "
        "商品编码 "
        "商品id 商品货号 货号 产品ID 产品编号 宝贝ID 商品 款号",
        "order_id": "order_id orderid order_no order_number invoice invoice_no invoiceno "
        "invoice_id basket_id transaction_id transactionid transaction receipt_id receipt_no "
        "bill_no 订单号 订单编号 订单ID 交易号 小票号 单号",
        "session_id": "session_id sessionid user_session session_no session visit_id 会话ID 会话",
        "quantity": "quantity qty units count pieces num_items amount_bought item_count 数量 "
        "购买数量 商品数量 件数 销售数量 宝贝总数量",
        "price": "price unit_price unitprice item_price sale_price selling_price price_each "
        "单价 价格 售价 商品单价 商品价格",
        "total": "total amount amount_usd total_price total_amount line_total sales sales_value "
        "revenue transaction_value order_total order_value monetary spend paid value net_amount "
        "实付金额 支付金额 订单金额 消费金额 金额 总价 总金额 成交金额 销售额 买家实际支付金额",
        "discount": "discount discount_amount retail_disc rebate 折扣 优惠 优惠金额 折扣金额",
        "currency": "currency currency_code 币种 货币",
        "text": "text review review_text review_body comment comments body query search_query "
        "search_term keyword message 评论 评论内容 评价 评价内容 内容 搜索词 关键词",
        "rating": "rating stars score overall review_rating 评分 星级 打分",
        "event_id": "event_id eventid message_id messageid insert_id 事件ID 流水号",
    }
)
"""For each of our columns what others call it, the likeliest first."""

CATALOGUE_WORDS: dict[str, list[str]] = _table(
    {
        "title": "title product_name productname item_name name description product_title "
        "product_description 商品名称 商品标题 标题 产品名称 宝贝标题 品名 名称",
        "category": "category_code category category_id categoryid category_name product_category "
        "item_category department 类目 商品类目 类目ID 分类 品类 商品分类 商品类别",
        "brand": "brand brand_name manufacturer maker 品牌 品牌名称",
        "image": "image image_url imageurl img picture 图片 图片链接",
    }
)
"""For each column of the catalogue what others call it, the likeliest first."""

ATTRIBUTE_WORDS: dict[str, list[str]] = _table(
    {
        "country": "country country_code 国家",
        "region": "region state province 省份 省 地区",
        "city": "city 城市",
        "gender": "gender sex 性别",
        "age": "age age_group 年龄",
        "income": "income 收入",
    }
)
"""Attributes of customers that a log often repeats in every row."""

_KINDS: dict[str, str] = {
    "view": "view views pv page_view pageview product_view product_viewed view_item item_view "
    "detail detail_view click clicks clicked impression product 浏览 点击 查看 浏览商品",
    "search": "search searched query products_searched view_search_results 搜索",
    "cart": "cart carts add_to_cart addtocart add_cart basket_add product_added 加购 加入购物车 "
    "购物车 加购物车",
    "uncart": "uncart remove_from_cart removefromcart product_removed 移出购物车 取消加购",
    "wish": "wish wishlist add_to_wishlist fav favorite favourite like save collect 收藏 加收藏 "
    "关注",
    "purchase": "purchase purchased buy order orders bought transaction checkout_complete "
    "order_completed payment_done payment_success payment sale 购买 下单 支付 付款 成交 订单",
    "return": "return returned refund refunded order_refunded 退货 退款",
    "review": "review reviewed product_reviewed comment 评论 评价",
    "rate": "rate rated rating 评分 打分",
    "redeem": "redeem redeemed redemption coupon_applied 核销 使用优惠券 领券",
    "message": "message email_sent push campaign_sent 消息 短信 推送",
}

WELL_KNOWN_KINDS: dict[str, str] = {
    word: kind for kind, words in _KINDS.items() for word in words.split()
}
"""What others call a kind of event (small letters, ``_`` between words), and what we call it."""
