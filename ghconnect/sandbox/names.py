"""Names for pretend people. Families of people without a cloud account never occur among the others."""

GIVEN = (
    "Aiko Amara Anders Anika Arjun Astrid Beatriz Bilal Bram Camila Chiara Chloe Daichi Dalia Darius Diego Elif "
    "Elena Emeka Emil Esra Farah Felix Femi Freya Gabriel Gita Grace Hana Hassan Hiro Hugo Ibrahim Ida Imani Ines "
    "Ivan Jakub Jamila Joao Jonas Julia Kaito Karim Katya Kofi Lars Leila Lin Lucia Luka Maja Malik Marco Mateo "
    "Maya Mei Mika Milan Nadia Naomi Nils Nina Oksana Olga Omar Oscar Paula Pavel Petra Rafael Rania Rosa Ruben "
    "Sanjay Sara Selma Sofia Soren Tariq Tomas Uma Viktor"
).split()

FAMILY = (
    "Abe Adeyemi Ahmadi Almeida Andersen Aoki Araujo Baker Banerjee Bauer Becker Bergman Bianchi Bogdan Boateng "
    "Carvalho Castro Chen Cohen Costa Dahl Das Desai Diaz Dimitrov Dubois Dvorak Eriksen Esposito Farouk Fernandez "
    "Fischer Fontaine Fujita Garcia Gomez Greco Gupta Haas Hansen Hashimoto Hoffmann Horvat Huang Ibarra Inoue "
    "Iyer Jansen Jensen Johansson Joshi Kamara Kapoor Kato Keller Khan Kimura Kowalski Kruger Larsen Laurent Lopez "
    "Lund Maeda Mahmoud Martins Matsuda Mehta Mensah Meyer Mori Moreau Mwangi Nakamura Navarro Nguyen Nielsen Novak "
    "Obi Okafor Okonkwo Olsen Ono Ortega Osei Ozturk Park Patel Pereira Petrov Popescu Rahman Ramos Reyes Ricci "
    "Rossi Saito Santos Schmidt Silva Singh"
).split()

# Drawn on by people who are on servers alone, by former staff and by suspended accounts.
SERVER_FAMILY = (
    "Tanaka Takeda Torres Turner Ueda Ulrich Urbina Valdez Varga Vasquez Vogel Volkov Wagner Walker Wang Watanabe "
    "Weber Weiss Winter Wojcik Xavier Yamada Yamaguchi Yilmaz Yoshida Young Zajac Zeman Zhang Zimmer Zhou Zuniga "
    "Vance Vidal Tran Thapa Tesfaye Tamm"
).split()
