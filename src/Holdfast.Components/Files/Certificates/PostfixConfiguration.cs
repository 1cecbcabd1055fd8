using System.Text.RegularExpressions;
using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Postfix's main.cf: "name = value", lines that begin with white space continue the previous one, $name is another
/// setting. In master.cf the same settings follow -o. Source: postconf(5), master(5).
/// </summary>
internal sealed partial class PostfixConfiguration : INamesCertificates
{
    // The depth of nested references is limited; Postfix itself reports a circle.
    private const int DeepestReference = 10, LongestValue = 64 << 10;

    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["tls_cert_file"] = NamedRole.Certificate,
        ["tls_eccert_file"] = NamedRole.Certificate,
        ["tls_dcert_file"] = NamedRole.Certificate,
        ["tls_chain_files"] = NamedRole.Certificate,
        ["tls_key_file"] = NamedRole.Key,
        ["tls_eckey_file"] = NamedRole.Key,
        ["tls_dkey_file"] = NamedRole.Key,
        ["tls_CAfile"] = NamedRole.Authorities,
        ["tls_CApath"] = NamedRole.Authorities,
        ["tls_server_sni_maps"] = NamedRole.Other,
        ["tls_dh1024_param_file"] = NamedRole.Other,
        ["tls_dh512_param_file"] = NamedRole.Other,
    };

    public string Program => "postfix";

    public Fit FitOf(string path) => Path.GetFileName(path) switch
    {
        "main.cf" => Fit.Main,
        "master.cf" when Disk.TypeOf($"{Path.GetDirectoryName(path)}/main.cf") is null => Fit.Part, // it is read with its main.cf
        _ => Fit.None,
    };

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var folder = Path.GetDirectoryName(path)!;
        var main = path.EndsWith("main.cf", StringComparison.Ordinal) ? Settings(reader.Text(path) ?? "") : [];
        main.TryAdd("config_directory", folder);
        foreach (var (name, value) in main)
            foreach (var named in Read(path, name, value, main, reader)) yield return named;
        var services = reader.Text($"{folder}/master.cf") ?? "";
        foreach (Match option in Option().Matches(services))
            foreach (var named in Read($"{folder}/master.cf", option.Groups["name"].Value, option.Groups["value"].Value, main, reader)) yield return named;
    }

    private static IEnumerable<NamedFile> Read(string path, string name, string written, Dictionary<string, string> settings, ConfigurationReader reader)
    {
        if (RoleOf(name) is not { } role) yield break;
        foreach (var named in Expanded(written, settings).Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (named is "none" or "auto") continue;
            // A map is TYPE:FILE, and the program also reads the file that postmap generated from it.
            var value = name.EndsWith("_maps", StringComparison.Ordinal) && named.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? named[(colon + 1)..] : named;
            if (value.StartsWith('/')) yield return new(value, role, name, path);
            else reader.Riddle(path, name, value);
            foreach (var made in value == named || !value.StartsWith('/') ? [] : new[] { $"{value}.db", $"{value}.lmdb", $"{value}.cdb" }.Where(Disk.IsFile))
                yield return new(made, role, name, path);
        }
    }

    // smtpd_ is the server's side, smtp_ and lmtp_ the client's; tls_server_sni_maps has no such prefix.
    private static NamedRole? RoleOf(string name) =>
        _roles.TryGetValue(name, out var role) || _roles.TryGetValue(name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..], out role) ? role : null;

    private static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var name = "";
        foreach (var line in text.Split('\n').Where(line => line.Trim() is { Length: > 0 } full && full[0] != '#'))
        {
            // A value of megabytes is not a list of files, and would be copied for each of its lines.
            if (char.IsWhiteSpace(line[0]) && name.Length > 0) settings[name] = settings[name].Length > LongestValue ? settings[name] : settings[name] + " " + line.Trim();
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                settings[name = line[..equals].Trim()] = line[(equals + 1)..].Trim();
        }
        return settings;
    }

    private static string Expanded(string value, Dictionary<string, string> settings)
    {
        for (var depth = 0; depth < DeepestReference && value.Length <= LongestValue && value.Contains('$', StringComparison.Ordinal); depth++)
            value = Reference().Replace(value, match => settings.GetValueOrDefault(match.Groups["name"].Value) ?? match.Value);
        return value;
    }

    [GeneratedRegex(@"^\s+-o\s+(\{\s*)?(?<name>\w+)\s*=\s*(?<value>[^\s}]+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Option();

    [GeneratedRegex(@"\$(?<name>\w+)|\$\{(?<name>\w+)\}|\$\((?<name>\w+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
