using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class SearchClusterTests
{
    /// <summary>No engine is at these addresses: what asks one fails in another way.</summary>
    [Fact]
    public async Task With_several_clusters_one_must_be_named()
    {
        using var stage = await FilesStage.MakeAsync();
        File.WriteAllText(stage.Profile, """
            platform: sample
            components:
              search:
                - { name: one, url: "http://127.0.0.1:1", indices: { documents: {}, both: {} } }
                - { name: two, url: "http://127.0.0.1:1", indices: { stix: {}, both: {} } }
            """);
        string[][] commands = [["sync"], ["sync", "both", "--dry-run"], ["migrate"], ["drop-old"], ["recovery"], ["prepare"], ["reindex", "both"]];
        foreach (var command in commands)
        {
            Assert.Equal((string.Join(' ', command), ExitCode.Failure), (string.Join(' ', command), await stage.RunAsync(["search", .. command])));
            Assert.Contains("Several search clusters of the profile may be meant: one, two.", stage.Errors, StringComparison.Ordinal);
            Assert.Contains("--cluster", stage.Errors, StringComparison.Ordinal);
        }
        string[][] named = [["migrate", "--cluster", "two"], ["migrate", "documents"]];
        foreach (var command in named)
        {
            Assert.Equal((string.Join(' ', command), ExitCode.Unreachable), (string.Join(' ', command), await stage.RunAsync(["search", .. command])));
            Assert.DoesNotContain("may be meant", stage.Errors, StringComparison.Ordinal);
        }
    }
}
