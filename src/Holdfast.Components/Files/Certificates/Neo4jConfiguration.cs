using System.Text.RegularExpressions;
using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// neo4j.conf. Each policy dbms.ssl.policy.NAME has a base directory, relative to Neo4j's home, with private.key and
/// public.crt in it unless they are named; before 4.0 there may be one pair, neo4j.key and neo4j.cert, in the
/// certificates directory. Source: Neo4j Operations Manual, "SSL framework".
/// </summary>
internal sealed partial class Neo4jConfiguration : INamesCertificates
{
    // The home of the packages for Debian and Red Hat. Source: Neo4j Operations Manual, "Default file locations".
    private const string PackagedHome = "/var/lib/neo4j";
    private const string Policy = "dbms.ssl.policy.";

    public string Program => "neo4j";

    public Fit FitOf(string path) => Path.GetFileName(path) is "neo4j.conf" ? Fit.Main : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match line in Setting().Matches(reader.Text(path) ?? ""))
            settings[line.Groups["name"].Value] = line.Groups["value"].Value.Trim();
        var home = settings.GetValueOrDefault("dbms.directories.neo4j_home") ?? PackagedHome;
        foreach (var policy in settings.Keys.Where(name => name.StartsWith(Policy, StringComparison.Ordinal)).Select(name => name.Split('.')[3]).Distinct(StringComparer.Ordinal))
            foreach (var named in ReadPolicy($"{Policy}{policy}", policy, home, settings, path)) yield return named;
        foreach (var named in ReadOldPair(settings, home, path)) yield return named;
    }

    private static IEnumerable<NamedFile> ReadPolicy(string prefix, string policy, string home, Dictionary<string, string> settings, string path)
    {
        if (settings.GetValueOrDefault($"{prefix}.enabled") is "false") yield break;
        var folder = Path.Combine(home, settings.GetValueOrDefault($"{prefix}.base_directory") ?? $"certificates/{policy}");
        yield return Named("private_key", "private.key", NamedRole.Key);
        yield return Named("public_certificate", "public.crt", NamedRole.Certificate);
        foreach (var (optional, usual) in new[] { ("trusted_dir", "trusted"), ("revoked_dir", "revoked") })
            if (settings.ContainsKey($"{prefix}.{optional}") || Disk.IsFolder(Path.Combine(folder, usual)))
                yield return Named(optional, usual, optional is "trusted_dir" ? NamedRole.Authorities : NamedRole.Other);

        NamedFile Named(string setting, string usual, NamedRole role) =>
            new(Path.Combine(folder, settings.GetValueOrDefault($"{prefix}.{setting}") ?? usual), role, $"{prefix}.{setting}", path);
    }

    private static IEnumerable<NamedFile> ReadOldPair(Dictionary<string, string> settings, string home, string path)
    {
        const string setting = "dbms.directories.certificates";
        if (!settings.TryGetValue(setting, out var named)) yield break;
        var folder = Path.Combine(home, named);
        if (Disk.IsFile($"{folder}/neo4j.key")) yield return new($"{folder}/neo4j.key", NamedRole.Key, setting, path);
        if (Disk.IsFile($"{folder}/neo4j.cert")) yield return new($"{folder}/neo4j.cert", NamedRole.Certificate, setting, path);
    }

    [GeneratedRegex(@"^[ \t]*(?<name>[\w.]+)[ \t]*=(?<value>[^\r\n]*)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Setting();
}
