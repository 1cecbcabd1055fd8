using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// haproxy.cfg: "crt", "ca-file" and the like are words of "bind" and "server" lines, with paths relative to crt-base
/// and ca-base. HAProxy has no includes; it is started with several files, or with a folder of them. Source: HAProxy's
/// configuration manual, sections 3.1, 5.1, 5.2 and 3.12.
/// </summary>
internal sealed class HaproxyConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["crt"] = NamedRole.Certificate,
        ["key"] = NamedRole.Key,
        ["ca-file"] = NamedRole.Authorities,
        ["ca-verify-file"] = NamedRole.Authorities,
        ["ca-sign-file"] = NamedRole.Certificate,
        ["crl-file"] = NamedRole.Other,
        ["ssl-dh-param-file"] = NamedRole.Other,
        ["tls-ticket-keys"] = NamedRole.Other,
        ["crt-list"] = NamedRole.Other,
    };

    public string Program => "haproxy";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) == "haproxy.cfg" ? Fit.Main
        : path.EndsWith(".cfg", StringComparison.Ordinal) && path.Contains("/haproxy/", StringComparison.Ordinal) ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var lines = LineWords.Of(reader.Text(path) ?? "").ToList();
        string? Base(string name) => lines.LastOrDefault(words => words is [var first, _] && first == name)?[1];
        var (certificates, authorities, keys) = (Base("crt-base"), Base("ca-base"), Base("key-base") ?? Base("crt-base"));
        foreach (var words in lines.Where(words => words[0] is "bind" or "server" or "default-server" or "load" or "ssl-dh-param-file" or "ca-file"))
            for (var at = 0; at + 1 < words.Count; at++)
                if (_roles.TryGetValue(words[at], out var role))
                    foreach (var named in Name(path, words[at], words[at + 1], role, role switch { NamedRole.Authorities or NamedRole.Other when words[at] != "crt-list" => authorities, NamedRole.Key => keys, _ => certificates }, certificates, reader))
                        yield return named;
    }

    private static IEnumerable<NamedFile> Name(string path, string setting, string value, NamedRole role, string? folder, string? certificates, ConfigurationReader reader)
    {
        // "@system-ca" and the like are not files.
        if (value.StartsWith('@')) yield break;
        var file = value.StartsWith('/') ? value : folder is null ? null : Path.Combine(folder, value);
        if (file is null || !file.StartsWith('/') || file.Contains('$', StringComparison.Ordinal))
        {
            reader.Riddle(path, setting, value);
            yield break;
        }
        yield return new(file, role, setting, path);
        // The key may be beside its certificate.
        if (role == NamedRole.Certificate && Disk.IsFile($"{file}.key")) yield return new($"{file}.key", NamedRole.Key, setting, path);
        if (setting != "crt-list") yield break;
        foreach (var words in LineWords.Of(reader.Text(file) ?? ""))
            foreach (var named in Name(file, "crt", words[0], NamedRole.Certificate, certificates, certificates, reader)) yield return named;
    }
}
