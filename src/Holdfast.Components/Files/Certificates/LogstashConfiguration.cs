using System.Text.RegularExpressions;
using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Logstash's pipelines: settings of plugins, "name => value" with a string or a list of strings. pipelines.yml and
/// logstash.yml name the pipelines' files. Source: Logstash Reference, "Structure of a pipeline" and the plugins' SSL
/// settings.
/// </summary>
internal sealed partial class LogstashConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["ssl_certificate"] = NamedRole.Certificate,
        ["ssl_cert"] = NamedRole.Certificate,
        ["ssl_certificate_path"] = NamedRole.Certificate,
        ["client_cert"] = NamedRole.Certificate,
        ["ssl_key"] = NamedRole.Key,
        ["client_key"] = NamedRole.Key,
        ["ssl_certificate_authorities"] = NamedRole.Authorities,
        ["ssl_extra_chain_certs"] = NamedRole.Authorities,
        ["ssl_cacert"] = NamedRole.Authorities,
        ["cacert"] = NamedRole.Authorities,
        ["ca_file"] = NamedRole.Authorities,
        ["keystore"] = NamedRole.Store,
        ["truststore"] = NamedRole.Store,
        ["ssl_keystore_path"] = NamedRole.Store,
        ["ssl_truststore_path"] = NamedRole.Store,
        ["ssl_keystore_location"] = NamedRole.Store,
        ["ssl_truststore_location"] = NamedRole.Store,
    };

    public string Program => "logstash";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) is "logstash.yml" or "pipelines.yml" ? Fit.Main
        : path.EndsWith(".conf", StringComparison.Ordinal) && path.Contains("/logstash", StringComparison.Ordinal) ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader) =>
        path.EndsWith(".yml", StringComparison.Ordinal) ? ReadSettings(path, reader) : ReadPipeline(path, reader);

    private static IEnumerable<NamedFile> ReadSettings(string path, ConfigurationReader reader)
    {
        if (reader.Text(path) is not { } text) return [];
        var settings = FlatYaml.Read(text).Settings;
        var files = settings.Where(setting => setting.Name is "path.config" && setting.Value.StartsWith('/')).SelectMany(setting => ShellGlob.Braced(Whole(setting.Value)));
        return
        [
            .. YamlConfiguration.Read(path, text, reader),
            .. settings.Where(setting => setting.Name is "config.string").SelectMany(setting => ReadPlugins(path, setting.Value, reader)),
            .. files.SelectMany(pattern => reader.Expand(path, pattern)).SelectMany(file => ReadPipeline(file, reader)),
        ];
    }

    // A folder means all files in it.
    private static string Whole(string pattern) => Disk.IsFolder(pattern) ? $"{pattern}/*" : pattern;

    private static IEnumerable<NamedFile> ReadPipeline(string path, ConfigurationReader reader) => ReadPlugins(path, reader.Text(path) ?? "", reader);

    private static IEnumerable<NamedFile> ReadPlugins(string path, string text, ConfigurationReader reader)
    {
        foreach (Match setting in Setting().Matches(WithoutComments(text)))
        {
            if (!_roles.TryGetValue(setting.Groups["name"].Value, out var role)) continue;
            foreach (Capture quoted in setting.Groups["value"].Captures)
            {
                if (quoted.Value[1..^1] is not { Length: > 0 } value) continue;
                if (value.StartsWith('/')) yield return new(value, role, setting.Groups["name"].Value, path);
                else reader.Riddle(path, setting.Groups["name"].Value, value);
            }
        }
    }

    private static string WithoutComments(string text) => string.Join('\n', text.Split('\n').Where(line => !line.TrimStart().StartsWith('#')));

    [GeneratedRegex("""\b(?<name>\w+)\s*=>\s*(\[\s*)?(?<value>"[^"]*"|'[^']*')(\s*,\s*(?<value>"[^"]*"|'[^']*'))*""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Setting();
}
