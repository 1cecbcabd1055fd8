using System.Text;
using System.Text.Json;
using Holdfast.Components.Search.Syncing;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Pages of scrolls as engines write them.</summary>
public sealed class WalkPageTests
{
    [Fact]
    public void Ids_and_the_engines_versions_are_read() => Assert.Equal(
        ("s1", "a\"ü 7 12/3, b 1 13/3"),
        Read(isVersionField: false, """{"_scroll_id":"s1","_shards":{"failed":0},"hits":{"hits":[{"_id":"a\"\u00fc","_version":7,"_seq_no":12,"_primary_term":3},{"_id":"b","_version":1,"_seq_no":13,"_primary_term":3}]}}"""));

    [Fact]
    public void A_field_is_read_however_deep_and_one_that_is_missing_is_empty() => Assert.Equal(
        ("s", "a 2026-11-23T08:00:00Z 1/1, b 5 2/1, c  3/1, d  4/1"),
        Read(isVersionField: true, """
            {"_scroll_id":"s","hits":{"hits":[{"_id":"a","_version":9,"_source":{"about":{"at":"2026-11-23T08:00:00Z"}},"_seq_no":1,"_primary_term":1},
            {"_id":"b","_source":{"at":5},"_seq_no":2,"_primary_term":1},{"_id":"c","_source":{},"_seq_no":3,"_primary_term":1},{"_id":"d","_seq_no":4,"_primary_term":1,"_source":{"at":null}}]}}
            """));

    [Fact]
    public void The_page_after_the_last_one_is_empty() => Assert.Equal(("s", ""), Read(isVersionField: false, """{"_scroll_id":"s","_shards":{"failed":0},"hits":{}}"""));

    [Fact]
    public void A_shard_that_fails_is_no_end() => Assert.Throws<JsonException>(() => Read(isVersionField: false, """{"_scroll_id":"s","_shards":{"failed":1,"failures":["gone"]},"hits":{}}"""));

    private static (string? Scroll, string Seen) Read(bool isVersionField, string page)
    {
        var seen = new List<string>();
        var (scroll, count) = new WalkPage(isVersionField).Read(Encoding.UTF8.GetBytes(page), (id, version, last) => seen.Add($"{Encoding.UTF8.GetString(id)} {Encoding.UTF8.GetString(version)} {last.Sequence}/{last.Term}"));
        Assert.Equal(seen.Count, count);
        return (scroll, string.Join(", ", seen));
    }
}
