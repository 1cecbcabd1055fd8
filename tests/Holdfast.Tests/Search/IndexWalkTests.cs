using System.Text;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Engine.Web;
using Holdfast.Tests.Engine;
using Holdfast.Tests.Web;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>The walk over an index by a scroll, with an engine that answers each page in time.</summary>
public sealed class IndexWalkTests
{
    private const string Document = """{"_id":"a","_version":1,"_seq_no":1,"_primary_term":1}""";

    [Theory]
    [InlineData(3, true)]
    [InlineData(int.MaxValue, false)]
    public async Task An_engine_that_never_comes_to_an_end_is_given_up_at_the_deadline_of_the_whole_walk(int pages, bool ends)
    {
        var clock = new ManualClock();
        var asked = 0;
        var isPage = false;
        await using var engine = Answering.Begin(stream => AnswerAsync(stream, !isPage ? "{}" : $$$"""{"_scroll_id":"s","hits":{"hits":[{{{(++asked > pages ? "" : Document)}}}]}}"""), see: request =>
        {
            isPage = request.Contains("_search", StringComparison.Ordinal) && !request.StartsWith("DELETE", StringComparison.Ordinal);
            if (isPage) clock.Advance(TimeSpan.FromSeconds(30)); // well within what one answer may take
        });
        var seen = 0;
        var server = new SearchServer(new WebServer(new WebSettings(engine.Url), new FixedSecret("")));
        Task WalkAsync() => new IndexWalk(server, "documents", null, TimeSpan.FromMinutes(10), clock).RunAsync((_, _, _) => seen++, TestContext.Current.CancellationToken);
        if (ends)
        {
            await WalkAsync();
            Assert.Equal(pages, seen);
            return;
        }
        var problem = (await Assert.ThrowsAsync<ProblemException>(WalkAsync)).Problem;
        Assert.Equal("HF-STEP-TIMEOUT", problem.Code);
        Assert.Contains($"all documents of documents within {Duration.Describe(TimeSpan.FromMinutes(10))}.", problem.Message, StringComparison.Ordinal);
        Assert.InRange(seen, 18, 21);
    }

    private static async Task AnswerAsync(Stream stream, string body) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
}
