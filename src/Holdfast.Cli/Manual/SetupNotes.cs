namespace Holdfast.Cli.Manual;

/// <summary>
/// The explanations on the page of 'setup' besides its options: where it looks, what it reports, and that it changes
/// nothing.
/// </summary>
internal static class SetupNotes
{
    public static void Write(RoffPage page)
    {
        page.Heading("WHAT IT DOES")
            .Paragraph("It looks through the active units of systemd, reads the configuration of the servers that they run, and asks Redis for the names of Celery's queues. It writes the profile and changes nothing else.")
            .Item("In the profile", "Clusters of PostgreSQL that run, queues of Celery, search engines, the files and units of what was written for this machine, certificates that configurations name, and the order in which the platform stops.")
            .Item("Left out", "What was found and is not in the profile, with the reason: clusters that are down, Redis servers without queues, engines that do not answer or take no snapshots, files that could not be read, servers that no active service runs, and MySQL, MongoDB and RabbitMQ, which Holdfast does not capture. The profile has the same as comments.")
            .Item("Looked for, and not found", "The parts of a platform that this machine does not seem to have.");
        page.Paragraph("It knows what ran, not what matters: read the profile before the first backup, and see which folders of the application it lacks.");
    }
}
