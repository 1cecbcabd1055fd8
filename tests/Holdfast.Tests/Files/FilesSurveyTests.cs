using Holdfast.Components.Files;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class FilesSurveyTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 11, 22, 21, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_path_makes_the_point_incomplete()
    {
        var survey = Survey(new FileEntry(_folder["gone"]));
        Assert.Equal([Catalogue.FilesMissing.With($"{_folder["gone"]} is not there.")], survey.Problems);
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_missing_optional_path_is_nothing_to_speak_of()
    {
        var survey = Survey(new FileEntry(_folder["gone"], Optional: true), new FileEntry(_folder["gone/*.conf"], Optional: true));
        Assert.Empty(survey.Problems);
        Assert.False(survey.IsIncomplete);
    }

    [Theory]
    [InlineData("here/app.conf")]
    [InlineData("here/sub/*.conf")]
    public void What_can_not_be_seen_makes_the_point_incomplete_even_if_it_is_optional(string path)
    {
        // Root may see everything but what lies behind links in a circle.
        File.CreateSymbolicLink(_folder["here"], "there");
        File.CreateSymbolicLink(_folder["there"], "here");
        var survey = Survey(new FileEntry(_folder[path], Optional: true));
        Assert.Equal([Catalogue.FilesUnreadable.Code], Codes(survey));
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_missing() =>
        Assert.Equal([Catalogue.FilesMissing.Code], Codes(Survey(new FileEntry(_folder["*.conf"]))));

    [Fact]
    public void Files_and_bytes_are_counted_ahead()
    {
        _folder.Write("etc/a", "12345");
        _folder.Write("etc/sub/b\nc", "678");
        Assert.Equal(new Extent(2, 8), Survey(new FileEntry(_folder["etc"])).Extent);
    }

    [Fact]
    public void A_path_below_another_one_comes_with_it()
    {
        var file = _folder.Write("etc/a", "12345");
        Assert.Equal([_folder["etc"]], Survey(new FileEntry(file), new FileEntry(_folder["etc"])).Tops);
    }

    [Fact]
    public void What_is_excluded_stays_out_even_when_it_is_named()
    {
        _folder.Write("etc/a.pyc", "12345");
        var settings = Settings(new FileEntry(_folder["etc"]), new FileEntry(_folder["etc/a.pyc"])) with { Exclude = ["*.pyc"] };
        var survey = new FilesSurvey(settings, _now).Walk(TestContext.Current.CancellationToken);
        Assert.Equal((0, true), (survey.Extent.Files, survey.Gate.Excludes(_folder["etc/a.pyc"], NodeType.File)));
    }

    [Fact]
    public void A_selected_data_directory_is_refused()
    {
        var data = DataFolders.Postgres(_folder, "data");
        var survey = Survey(new FileEntry(data));
        var problem = Assert.Single(survey.Problems);
        Assert.Equal(Catalogue.FilesDatabase.Code, problem.Code);
        Assert.Contains("'postgres' component", problem.Hint);
        Assert.Empty(survey.Tops);
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_folder_inside_a_data_directory_is_refused_as_well() =>
        Assert.Equal([Catalogue.FilesDatabase.Code], Codes(Survey(new FileEntry($"{DataFolders.Postgres(_folder, "data")}/base"))));

    [Fact]
    public void A_file_in_a_data_directory_that_is_named_itself_is_captured()
    {
        var data = DataFolders.Postgres(_folder, "data");
        var survey = Survey(new FileEntry($"{data}/*.conf"));
        Assert.Empty(survey.Problems);
        Assert.Equal([$"{data}/postgresql.conf"], survey.Tops);
    }

    [Fact]
    public void A_data_directory_deep_below_a_selected_path_is_skipped_and_told()
    {
        DataFolders.Postgres(_folder, "srv/db/15/data");
        _folder.Write("srv/db/readme", "12345");
        var survey = Survey(new FileEntry(_folder["srv"]));
        Assert.Equal([Catalogue.FilesDatabase.Code], Codes(survey));
        Assert.Equal(new Extent(1, 5), survey.Extent);
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_named_file_survives_when_the_data_around_it_is_skipped()
    {
        var data = DataFolders.Postgres(_folder, "srv/data");
        var survey = Survey(new FileEntry(_folder["srv"]), new FileEntry($"{data}/postgresql.conf"));
        Assert.Equal([Catalogue.FilesDatabase.Code], Codes(survey));
        Assert.Equal(1, survey.Extent.Files);
        Assert.False(survey.Gate.Excludes($"{data}/postgresql.conf", NodeType.File));
        Assert.True(survey.Gate.Excludes($"{data}/PG_VERSION", NodeType.File));
        Assert.True(survey.Gate.Excludes($"{data}/base", NodeType.Directory));
    }

    [Fact]
    public void Data_that_another_component_captures_is_no_problem()
    {
        var nodes = DataFolders.OldSearch(_folder, "es");
        var entry = new FileEntry(nodes, DataDirectory: "search");
        _folder.Write("es/tmp/x", "12345");
        var settings = Settings(entry, new FileEntry(_folder["es"])) with { Components = ["files", "search"] };
        var survey = new FilesSurvey(settings, _now).Walk(TestContext.Current.CancellationToken);
        Assert.Empty(survey.Problems);
        Assert.Equal(new Extent(1, 5), survey.Extent);
        Assert.False(survey.IsIncomplete);
    }

    [Fact]
    public void Data_that_is_left_to_a_component_the_profile_does_not_have_is_told()
    {
        var nodes = DataFolders.OldSearch(_folder, "es");
        Assert.Equal([Catalogue.FilesElsewhere.Code], Codes(Survey(new FileEntry(nodes, DataDirectory: "search"))));
        Assert.Empty(Codes(Survey(new FileEntry(_folder["no-such-data"], DataDirectory: "search"))));
    }

    [Fact]
    public void Data_of_Redis_is_captured_with_a_warning()
    {
        _folder.Write("redis/dump.rdb", "REDIS");
        var survey = Survey(new FileEntry(_folder["redis"]));
        Assert.Equal([Catalogue.FilesDatabase.Code], Codes(survey));
        Assert.Equal(1, survey.Extent.Files);
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_dangling_link_is_captured_and_told()
    {
        File.CreateSymbolicLink(_folder["link"], "/nowhere/at/all");
        var survey = Survey(new FileEntry(_folder["link"]));
        Assert.Equal([Catalogue.FilesMissing.Code], Codes(survey));
        Assert.Equal([_folder["link"]], survey.Tops);
    }

    private FilesSurvey Survey(params FileEntry[] entries) =>
        new FilesSurvey(Settings(entries), _now).Walk(TestContext.Current.CancellationToken);

    private static FilesSettings Settings(params FileEntry[] entries) => new() { Groups = [new FileGroup("Test", entries)] };

    private static string[] Codes(FilesSurvey survey) => [.. survey.Problems.Select(problem => problem.Code)];
}
