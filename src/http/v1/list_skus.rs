//! `GET /v1/mapping/skus`: the SKUs in orders, each with the item that it means.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use crate::{
    domain::{ids::BookName, matching::near::Resemblance, money::exact_number},
    http::{
        App,
        paging::{PageSize, read_cursor},
        params::{Params, one_of, read_word, text},
        problem::Problem,
        responses::OperatorErrors,
        wrong_field::WrongField,
    },
    skus::{Catalogue, Counts, Filter, Kind, Row, Suggestion, Why},
};

/// Rows of a page.
const PAGE: PageSize = PageSize { usual: 100, most: 1_000 };

/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// Which SKUs.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SkuParams {
    /// How well the item number matches the items in Accurate.
    #[param(example = "spelling", schema_with = kinds)]
    #[serde(rename = "match")]
    #[param(rename = "match")]
    kind: Option<String>,
    /// `true`: only SKUs for which orders wait.
    #[param(schema_with = yes_or_no)]
    waiting: Option<String>,
    /// Part of the SKU, the product's name, the item number or the item's name; case and blanks do not matter.
    #[param(example = "kaos", max_length = 200)]
    q: Option<String>,
    /// Rows of a page, 1 to 1000; 100 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^([0-9a-f]{2})*$")]
    cursor: Option<String>,
}

fn kinds() -> Object {
    one_of(Kind::ALL.map(Kind::as_str))
}

fn yes_or_no() -> Object {
    one_of(["true", "false"])
}

/// A page of SKUs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkuPage {
    /// The revision of the mapping.
    revision: i64,
    /// By SKU.
    skus: Vec<SkuRow>,
    /// Numbers of SKUs, regardless of the filter.
    counts: SkuCounts,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A SKU that orders contain or that the mapping names.
#[derive(Debug, Serialize, ToSchema)]
struct SkuRow {
    /// Its key in the mapping's `skus`: the SKU, or `variant:` and Forstok's variant id if the SKU is empty.
    #[schema(example = "kaos m")]
    sku: String,
    /// Product and variant name in a recent order; empty if no order contained it.
    name: String,
    /// When a recent order contained it, to the hour; null if no order did.
    last_seen_at: Option<String>,
    /// The item number in the mapping; null if it has none.
    mapped_to: Option<String>,
    /// The item number that invoices use: of the mapping, else the SKU; null for a product with neither.
    item_no: Option<String>,
    /// The name of this item in Accurate.
    item_name: Option<String>,
    /// `exact`: Accurate has this item. `suspended`: the item is inactive. `spelling`: an item's number differs only in
    /// case, blanks or invisible characters. `near`: there are similar items. `none`: there are none. `unread`: the
    /// items were not read yet.
    #[schema(schema_with = kinds)]
    r#match: &'static str,
    /// The Accurate database that lacks the item, if the settings name several.
    #[schema(value_type = Option<String>)]
    book: Option<BookName>,
    /// Items that may be meant, the most likely first. A person decides.
    suggestions: Vec<SkuSuggestion>,
    /// Blocked orders that wait for this item.
    waiting: SkuWaiting,
}

/// An item that may be meant.
#[derive(Debug, Serialize, ToSchema)]
struct SkuSuggestion {
    /// Its number.
    #[schema(example = "KAOS-M")]
    item_no: String,
    /// Its name.
    name: String,
    /// `spelling`, `punctuation`, `order` (same parts in another order), `name`, `typo` (one letter) or `beginning`.
    why: &'static str,
}

/// Orders that wait.
#[derive(Debug, Serialize, ToSchema)]
struct SkuWaiting {
    /// Number of orders.
    count: i64,
    /// Their total, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// Numbers of SKUs by how well they match.
#[derive(Debug, Serialize, ToSchema)]
struct SkuCounts {
    /// All SKUs.
    all: usize,
    /// SKUs for which orders wait.
    waiting: usize,
    exact: usize,
    suspended: usize,
    spelling: usize,
    near: usize,
    none: usize,
    unread: usize,
}

impl From<Counts> for SkuCounts {
    fn from(counts: Counts) -> Self {
        Self {
            all: counts.all,
            waiting: counts.waiting,
            exact: counts.of(Kind::Exact),
            suspended: counts.of(Kind::Suspended),
            spelling: counts.of(Kind::Spelling),
            near: counts.of(Kind::Near),
            none: counts.of(Kind::None),
            unread: counts.of(Kind::Unread),
        }
    }
}

impl From<&Row> for SkuRow {
    fn from(row: &Row) -> Self {
        Self {
            sku: row.sku.clone(),
            name: row.name.clone(),
            last_seen_at: row.last_at.map(|at| at.to_string()),
            mapped_to: row.mapped_to.clone(),
            item_no: row.item_no.clone(),
            item_name: row.item_name.clone(),
            r#match: row.kind.as_str(),
            book: row.book.clone(),
            suggestions: row.suggestions.iter().map(SkuSuggestion::from).collect(),
            waiting: SkuWaiting { count: row.waiting.orders, total: exact_number(row.waiting.rupiah()) },
        }
    }
}

impl From<&Suggestion> for SkuSuggestion {
    fn from(suggestion: &Suggestion) -> Self {
        let why = match suggestion.why {
            Why::Spelling => "spelling",
            Why::Near(Resemblance::Punctuation) => "punctuation",
            Why::Near(Resemblance::Order) => "order",
            Why::Near(Resemblance::Name) => "name",
            Why::Near(Resemblance::Typo) => "typo",
            Why::Near(Resemblance::Beginning) => "beginning",
        };
        Self { item_no: suggestion.item_no.clone(), name: suggestion.name.clone(), why }
    }
}

/// Lists the SKUs that orders contain, each with the item in Accurate that it means.
///
/// `PUT /v1/mapping` changes the mapping, with these SKUs as keys of `skus`.
#[utoipa::path(
    get,
    path = "/v1/mapping/skus",
    operation_id = "listSkus",
    tag = "operators",
    params(SkuParams),
    responses(
        (status = 200, description = "A page of SKUs", body = SkuPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(params): Params<SkuParams>,
) -> Result<Json<SkuPage>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())? as usize;
    let after = read_cursor("cursor", params.cursor.as_deref(), sku_of)?;
    let filter = filter(&params)?;
    let catalogue = Catalogue::load(&app.engine).await?;
    let matching = catalogue.filtered(&filter);
    let mut behind = matching.skip_while(|row| after.as_ref().is_some_and(|after| row.sku <= *after));
    let rows: Vec<_> = behind.by_ref().take(limit).collect();
    let has_next = behind.next().is_some();
    Ok(Json(SkuPage {
        revision: catalogue.revision,
        next_cursor: rows.last().filter(|_| has_next).map(|row| hex::encode(&row.sku)),
        skus: rows.into_iter().map(SkuRow::from).collect(),
        counts: catalogue.counts().into(),
    }))
}

fn sku_of(cursor: &str) -> Option<String> {
    // Any place will do; one that no SKU has only says where the page begins.
    Some(String::from_utf8_lossy(&hex::decode(cursor).ok()?).into_owned())
}

fn filter(params: &SkuParams) -> Result<Filter, Problem> {
    let words = Kind::ALL.map(Kind::as_str);
    let kind = read_word("match", params.kind.as_ref(), Kind::parse, words)?;
    let waiting = read_word("waiting", params.waiting.as_ref(), |word| word.parse().ok(), ["true", "false"])?;
    let text = text(params.q.as_ref()).unwrap_or_default();
    if text.chars().count() > LONGEST_SEARCH {
        return Err(WrongField::TooLong { name: "q", most: LONGEST_SEARCH }.into());
    }
    Ok(Filter { text, kind, waiting: waiting.unwrap_or_default() })
}
