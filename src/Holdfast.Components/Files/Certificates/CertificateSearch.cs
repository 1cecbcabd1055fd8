using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Finds the certificates and keys of a platform through the configurations that name them.</summary>
internal static class CertificateSearch
{
    // A file of certificates is kilobytes; the biggest store of a distribution's authorities is below one megabyte.
    private const long LargestCertificate = 16 << 20;

    private static readonly INamesCertificates[] _programs =
    [
        new NginxConfiguration(),
        new PostgresConfiguration(),
        new YamlConfiguration("search", "elasticsearch.yml", "opensearch.yml"),
        new YamlConfiguration("kibana", "kibana.yml", "opensearch_dashboards.yml"),
        new LogstashConfiguration(),
        new Neo4jConfiguration(),
        new PostfixConfiguration(),
    ];

    /// <summary>The programs whose configurations are understood.</summary>
    public static IEnumerable<string> Programs => _programs.Select(program => program.Program);

    /// <summary>
    /// Reads the configurations among the selected files, and those that the profile names, the ones that programs start with first.
    /// </summary>
    /// <param name="files">Real paths of selected files.</param>
    /// <param name="named">Configurations by program.</param>
    public static (IReadOnlyList<FoundFile> Found, IReadOnlyList<Problem> Problems) Run(
        IEnumerable<string> files, IEnumerable<(string Program, string Path)> named)
    {
        var reader = new ConfigurationReader();
        var configurations = named
            .Select(configuration => (Program: _programs.Single(program => program.Program == configuration.Program), configuration.Path, Fit: Fit.Main))
            .Concat(files.SelectMany(path => _programs.Select(program => (Program: program, Path: path, Fit: program.FitOf(path)))))
            .Where(configuration => configuration.Fit != Fit.None)
            .OrderByDescending(configuration => configuration.Fit);
        var mentions = new List<NamedFile>();
        foreach (var (program, path, _) in configurations) mentions.AddRange(program.Read(path, reader));
        var found = mentions.SelectMany(Whole).GroupBy(mention => mention.Path, StringComparer.Ordinal).Select(Inspect);
        return ([.. found.OrderBy(file => file.Path, StringComparer.Ordinal)], reader.Problems);
    }

    // A folder of trusted certificates stands for the files in it.
    private static IEnumerable<NamedFile> Whole(NamedFile named) =>
        PathTrail.Follow(named.Path).Place is { } place && Disk.IsFolder(place)
            ? Disk.Names(place).Where(name => !Disk.IsFolder($"{place}/{name}")).Select(name => named with { Path = $"{named.Path}/{name}" })
            : [named];

    private static FoundFile Inspect(IGrouping<string, NamedFile> mentions)
    {
        var found = new FoundFile { Path = mentions.Key, NamedBy = [.. mentions.Distinct()], Trail = PathTrail.Follow(mentions.Key) };
        if (found.IsMissing) return found with { Unseen = LocalEntries.WhyUnseen(found.Path) };
        if (found.Trail.Place is not { } place || !Disk.IsFile(place)) return found;
        try
        {
            if (Disk.Size(place) > LargestCertificate) return found with { Unreadable = "it is far too big for what it should be" };
            return found with { Mode = File.GetUnixFileMode(place), Content = found.NamedBy.All(named => named.Role == NamedRole.Other) ? null : CertificateParser.Parse(File.ReadAllBytes(place)) };
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return found with { Unreadable = unreadable.Message };
        }
    }
}
