using System.Text;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;
using Holdfast.Tests.Web;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>An engine lists only what a user may see: what a point would lack is found by the names in the health of the cluster.</summary>
public sealed class UnseenIndicesTests
{
    private const string Health = """{"indices":{"documents_v1":{"status":"green"},"cases_v1":{"status":"green"},"hidden_v1":{"status":"green"},".security-7":{"status":"green"},".ds-logs-app-000001":{"status":"red"},"documents_v1.before-20261122t220000z-000001":{"status":"green"}}}""";

    /// <summary>Elasticsearch leaves out of an answer what a user may not see; OpenSearch may refuse the whole of it.</summary>
    [Theory]
    [InlineData("*", false, "cases_v1 .ds-logs-app-000001")]
    [InlineData("*", true, "cases_v1 .ds-logs-app-000001")]
    [InlineData("*,-cases*,-logs*", true, "")]
    [InlineData("documents*", false, "")]
    [InlineData("cases_v1", true, "cases_v1")]
    public async Task Indices_that_the_profile_means_and_that_the_user_may_not_see_are_named(string patterns, bool refuses, string unseen)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var path = "";
        await using var server = Answering.Begin(
            async stream =>
            {
                var named = path[1..].Split('/')[0].Split(',');
                var (status, body) = path.StartsWith("/_cluster/health", StringComparison.Ordinal) ? ("200 OK", Health)
                    : refuses && named.Any(name => name != "hidden_v1") ? ("403 Forbidden", """{"error":{"type":"security_exception","reason":"no permissions"},"status":403}""")
                    : ("200 OK", named.Contains("hidden_v1") ? """{"hidden_v1":{"settings":{"index":{"uuid":"u"}}}}""" : "{}");
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), cancellation);
            },
            null, request => path = request.Split(' ')[1].Split('?')[0]);
        var engine = new SearchServer(new WebServer(new WebSettings(server.Url), new FixedSecret("")));
        var found = await UnseenIndices.FindAsync(engine, patterns.Split(','), new PlatformIndices(["documents_v1"], [], [], [], new Dictionary<string, string>()), cancellation);
        Assert.Equal(unseen.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), found);
        Assert.Equal(".ds-logs-app-000001", Assert.Single(await SearchState.FindLostAsync(engine, ["documents_v1", ".ds-logs-app-000001"], cancellation)));
    }

    /// <summary>What a server says of its own failure may be of any length.</summary>
    [Fact]
    public async Task A_reason_without_an_end_is_told_by_its_beginning()
    {
        var body = $$"""{"error":{"type":"x","reason":"{{new string('y', 1_000_000)}}"},"status":400}""";
        await using var server = Answering.Begin(async stream => await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), TestContext.Current.CancellationToken));
        var engine = new SearchServer(new WebServer(new WebSettings(server.Url), new FixedSecret("")));
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => engine.GetAsync("/", TestContext.Current.CancellationToken))).Problem;
        Assert.InRange(problem.Message.Length, 1000, 3000);
    }
}
