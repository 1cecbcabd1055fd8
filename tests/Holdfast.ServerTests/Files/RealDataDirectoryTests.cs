using Holdfast.Components.Files;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Files;

public sealed class RealDataDirectoryTests
{
    [Fact]
    public async Task The_data_of_a_running_PostgreSQL_is_refused_and_its_configuration_is_not()
    {
        await using var server = await PostgresServer.StartAsync();
        var entries = new[] { new FileEntry(server.Folder), new FileEntry($"{server.Data}/*.conf") };
        var settings = new FilesSettings { Groups = [new FileGroup("Postgres", entries)] };
        var survey = new FilesSurvey(settings, DateTimeOffset.UnixEpoch).Walk(TestContext.Current.CancellationToken);

        var problem = Assert.Single(survey.Problems);
        Assert.Equal(Catalogue.FilesDatabase.Code, problem.Code);
        Assert.Contains(server.Data, problem.Message);
        Assert.Contains($"{server.Data}/postgresql.conf", survey.Selection.Places, StringComparer.Ordinal);
        Assert.True(survey.Gate.Excludes($"{server.Data}/base", NodeType.Directory));
        Assert.False(survey.Gate.Excludes($"{server.Data}/pg_hba.conf", NodeType.File));
    }
}
