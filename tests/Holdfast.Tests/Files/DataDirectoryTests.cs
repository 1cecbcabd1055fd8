using Holdfast.Components.Files.Paths;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_database_is_recognised_by_what_lies_in_its_folder()
    {
        Assert.Equal("PostgreSQL", DataDirectory.Recognise(DataFolders.Postgres(_folder, "pg"))?.Database);
        Assert.Contains("Elasticsearch", DataDirectory.Recognise(DataFolders.OldSearch(_folder, "es7"))?.Database);
        Assert.Contains("Elasticsearch", DataDirectory.Recognise(DataFolders.NewSearch(_folder, "es8"))?.Database);
        Assert.Equal("Neo4j", DataDirectory.Recognise(DataFolders.Neo4j(_folder, "neo4j"))?.Database);
        Assert.Equal("Neo4j", DataDirectory.Recognise(_folder["neo4j/transactions"])?.Database);
    }

    [Fact]
    public void A_node_of_the_search_engine_is_recognised_when_it_is_named_itself()
    {
        DataFolders.OldSearch(_folder, "es");
        Assert.NotNull(DataDirectory.Recognise(_folder["es/nodes/0"]));
    }

    [Fact]
    public void What_lies_around_data_is_ordinary()
    {
        DataFolders.OldSearch(_folder, "es");
        _folder.Write("es/tmp/x", "x");
        Assert.Null(DataDirectory.Recognise(_folder["es"]));
        Assert.Null(DataDirectory.Recognise(_folder["es/tmp"]));
    }

    [Fact]
    public void Folders_that_only_share_a_name_are_ordinary()
    {
        _folder.Write("app/databases/notes.txt", "x");
        _folder.Write("app/indices/list.txt", "x");
        _folder.Write("app/PG_VERSION", "15");
        Assert.Null(DataDirectory.Recognise(_folder["app"]));
        Assert.Null(DataDirectory.Recognise(_folder["app/databases"]));
    }

    [Fact]
    public void A_folder_inside_data_belongs_to_it()
    {
        var data = DataFolders.Postgres(_folder, "pg");
        Assert.Equal(data, DataDirectory.Around($"{data}/base/1")?.Path);
    }
}
