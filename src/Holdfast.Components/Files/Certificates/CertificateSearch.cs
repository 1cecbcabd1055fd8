using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Hosts;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files.Certificates;

/// <summary>Finds the certificates and keys of a platform through the configurations that name them.</summary>
internal static class CertificateSearch
{
    // A certificate file has some kilobytes; the largest CA store of a distribution is below one megabyte.
    private const int LargestCertificate = 16 << 20;

    private static readonly INamesCertificates[] _programs =
    [
        new NginxConfiguration(),
        new PostgresConfiguration(),
        new YamlConfiguration("search", "elasticsearch.yml", "opensearch.yml"),
        new YamlConfiguration("kibana", "kibana.yml", "opensearch_dashboards.yml"),
        new LogstashConfiguration(),
        new Neo4jConfiguration(),
        new PostfixConfiguration(),
        new RedisConfiguration(),
        new ApacheConfiguration(),
        new HaproxyConfiguration(),
        new DovecotConfiguration(),
    ];

    /// <summary>The programs whose configurations are supported.</summary>
    public static IEnumerable<string> Programs => _programs.Select(program => program.Program);

    /// <summary>
    /// Reads the configurations among the selected files, and those that the profile names, main files first.
    /// </summary>
    /// <param name="files">Real paths of selected files.</param>
    /// <param name="named">Configurations by program.</param>
    public static (IReadOnlyList<FoundFile> Found, ConfigurationReader Reader) Run(
        IEnumerable<string> files, IEnumerable<(string Program, string Path)> named)
    {
        var reader = new ConfigurationReader();
        var configurations = named
            .Select(configuration => (Program: _programs.Single(program => program.Program == configuration.Program), configuration.Path, Fit: Fit.Main))
            .Concat(files.SelectMany(path => _programs.Select(program => (Program: program, Path: path, Fit: program.FitOf(path)))))
            .Where(configuration => configuration.Fit != Fit.None)
            .OrderByDescending(configuration => configuration.Fit);
        var mentions = new List<NamedFile>();
        foreach (var (program, path, _) in configurations) Collect(program, path, reader, mentions);
        var found = mentions.SelectMany(Whole).GroupBy(mention => mention.Path, StringComparer.Ordinal).Select(file => Inspect(file, reader));
        return ([.. found.OrderBy(file => file.Path, StringComparer.Ordinal)], reader);
    }

    // A file that makes its parser fail is reported as a problem of that file, and never ends the backup.
    private static void Collect(INamesCertificates program, string path, ConfigurationReader reader, List<NamedFile> mentions)
    {
        try
        {
            foreach (var mention in program.Read(path, reader)) mentions.Add(mention);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            reader.Fault(path, fault is System.Text.RegularExpressions.RegexMatchTimeoutException ? "it takes too long to be understood" : fault.Message.TrimEnd('.'));
        }
    }

    // A folder of trusted certificates is expanded to the files in it.
    private static IEnumerable<NamedFile> Whole(NamedFile named) =>
        PathTrail.Follow(named.Path).Place is { } place && Disk.IsFolder(place)
            ? Disk.Names(place).Where(name => !Disk.IsFolder($"{place}/{name}")).Select(name => named with { Path = $"{named.Path}/{name}" })
            : [named];

    private static FoundFile Inspect(IGrouping<string, NamedFile> mentions, ConfigurationReader reader)
    {
        var found = new FoundFile { Path = mentions.Key, NamedBy = [.. mentions.Distinct()], Trail = PathTrail.Follow(mentions.Key) };
        if (found.IsMissing) return found with { Unseen = LocalEntries.WhyUnseen(found.Path) };
        if (found.Trail.Place is not { } place || Disk.IsFolder(place)) return found;
        if (!Disk.IsFile(place)) return found with { Unreadable = "it is no regular file" };
        try
        {
            if (Disk.Size(place) > LargestCertificate) return found with { Unreadable = "it is far too big for what it should be" };
            var bytes = LocalText.ReadBytes(place, LargestCertificate);
            return Judge(found with { Mode = File.GetUnixFileMode(place), Content = found.NamedBy.All(named => named.Role == NamedRole.Other) ? null : CertificateParser.Parse(bytes) }, place, bytes, reader);
        }
        catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
        {
            return found with { Unreadable = unreadable.Message };
        }
    }

    // A user who may write a configuration could name any file of the machine, and have it captured and rolled back by
    // a restore. So for a configuration that users other than root can change, only that user's own files are taken,
    // and the certificates and keys that the user can read; the latter are marked as lent.
    private static FoundFile Judge(FoundFile found, string place, ReadOnlySpan<byte> bytes, ConfigurationReader reader)
    {
        var isKey = found.Content is { Certificates.Count: > 0 } or { Keys.Count: > 0 } or { Format: CertificateParser.JavaStore } || bytes.IndexOf("-----BEGIN "u8) >= 0;
        var owner = LocalEntries.OwnerOf(place);
        var isLent = false;
        foreach (var configuration in found.NamedBy.Select(named => named.NamedBy).Distinct(StringComparer.Ordinal))
        {
            if (reader.ChangerOf(configuration) is not { } changer || changer.User == owner) return found;
            isLent = isLent || (isKey && CanRead(changer, place));
        }
        return found with { IsDistrusted = !isLent, IsLent = isLent };
    }

    private static bool CanRead((uint User, uint[] Groups) changer, string place)
    {
        using var acting = ActingUser.As(changer.User, changer.Groups);
        try
        {
            LocalText.ReadBytes(place, LargestCertificate);
            return true;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
