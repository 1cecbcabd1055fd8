using System.Text;
using Holdfast.Components.Search.Bulk;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>The bodies and answers of bulk requests, byte for byte.</summary>
public sealed class BulkTests
{
    [Fact]
    public void Documents_are_passed_on_as_they_are_and_ids_are_quoted()
    {
        using var body = new BulkBody();
        body.AddVersioned("a\"b\\ü"u8, "7"u8, "{\"x\": 1}"u8);
        body.AddNew("n"u8, "{}"u8);
        body.AddInstead("s"u8, new SeenDocument(12, 3), "{}"u8);
        body.AddDeletion("d"u8, new SeenDocument(long.MaxValue, 1));
        Assert.Equal(4, body.Count);
        Assert.Equal("""
            {"index":{"_id":"a\u0022b\\\u00FC","version_type":"external","version":7}}
            {"x": 1}
            {"create":{"_id":"n"}}
            {}
            {"index":{"_id":"s","if_seq_no":12,"if_primary_term":3}}
            {}
            {"delete":{"_id":"d","if_seq_no":9223372036854775807,"if_primary_term":1}}

            """.ReplaceLineEndings("\n"), Encoding.UTF8.GetString(body.Bytes.Span));
    }

    [Fact]
    public void A_body_that_grows_past_its_buffer_loses_nothing()
    {
        using var body = new BulkBody();
        var document = Encoding.UTF8.GetBytes($"\"{new string('x', 100_000)}\"");
        for (var i = 0; i < 20; i++) body.AddNew(Encoding.UTF8.GetBytes($"{i}"), document);
        Assert.Equal("{\"create\":{\"_id\":\"19\"}}", Encoding.UTF8.GetString(body[19].Action.Span));
        Assert.Equal(document, body[19].Document.ToArray());
    }

    [Fact]
    public void What_was_turned_away_is_taken_out_of_a_body_again()
    {
        using var body = new BulkBody();
        body.AddNew("a"u8, "{\"n\":1}"u8);
        body.AddDeletion("b"u8, new SeenDocument(1, 1));
        body.AddNew("c"u8, "{\"n\":3}"u8);
        using var again = new BulkBody();
        again.Add(body, 1);
        again.Add(body, 2);
        Assert.Equal("{\"delete\":{\"_id\":\"b\",\"if_seq_no\":1,\"if_primary_term\":1}}\n{\"create\":{\"_id\":\"c\"}}\n{\"n\":3}\n", Encoding.UTF8.GetString(again.Bytes.Span));
        Assert.Equal(2, again.Count);
    }

    [Fact]
    public void The_halves_of_a_body_are_all_of_it_in_order()
    {
        using var body = new BulkBody();
        body.AddNew("a"u8, "{\"n\":1}"u8);
        body.AddDeletion("b"u8, new SeenDocument(1, 1));
        body.AddVersioned("c"u8, "3"u8, "{}"u8);
        var (first, second) = body.Halve();
        using (first)
        using (second)
        {
            Assert.Equal((1, 2), (first.Count, second.Count));
            Assert.Equal([.. body.Bytes.ToArray()], (byte[])[.. first.Bytes.ToArray(), .. second.Bytes.ToArray()]);
        }
    }

    [Fact]
    public void An_answer_tells_which_documents_were_not_taken()
    {
        var failures = BulkAnswer.Failures("""
            {"errors":true,"items":[{"index":{"status":201}},{"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"no number"}}},
            {"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}},{"delete":{"status":404}},{"index":{"status":429,"error":{"type":"es_rejected_execution_exception"}}}]}
            """u8);
        Assert.Equal([(1, 400, false, false), (2, 409, true, false), (4, 429, false, true)], failures.Select(failure => (failure.Position, failure.Status, failure.IsConflict, failure.IsBusy)));
        Assert.Equal("""{"type":"mapper_parsing_exception","reason":"no number"}""", failures[0].Error);
        Assert.Empty(BulkAnswer.Failures("""{"errors":false,"items":[{"index":{"status":201}}]}"""u8));
    }

    [Fact]
    public void An_answer_that_says_nothing_of_documents_is_no_success() =>
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => BulkAnswer.Failures("""{"took":3}"""u8));
}
